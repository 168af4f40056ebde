# lib/sync/cond.c
# The lock is let go before the waiter is on the list.
# sync cond_notify: nobody can go on
/^wait(/,/^}/{
    /gruvi__list_add(/d
    s/^    again = gruvi__lock_let_go.*/&\n    gruvi__list_add(\&cond->waiters, \&waiter.link);/
}
