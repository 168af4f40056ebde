# lib/sync/cond.c
# A notification for one wakes all.
# sync cond_notify: shared.woken <= 2
/^notify(/,/^}/s/while (n-- > 0 \&\&/while (n > 0 \&\&/
