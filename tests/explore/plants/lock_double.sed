# lib/sync/lock.c
# A lock that is handed over looks free, and a newcomer takes it, too.
# sync lock_free: not so
/^hand_over(/,/^}/s/word = gruvi__list_entry(next, struct waiter, waiter)->id |/word = 0 \&/
