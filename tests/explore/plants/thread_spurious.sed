# lib/core/waitlist.c
# A thread that is woken takes it that its wait is granted.
# sync event_set: a call that has returned
/^thread_wait(/,/^}/s/continue;/return true;/
