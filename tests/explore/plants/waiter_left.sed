# lib/core/waitlist.c
# A claimed waiter returns before its waker has let go of it.
# sync event_set: of a call that has returned
/^await_release(/,/^}/s/while (/while (n > 0 \&\& /
