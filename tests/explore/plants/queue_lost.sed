# lib/sync/queue.c
# The spin lock is unlocked before the waiter is on the list.
# items queue_two: nobody can go on
/^wait_in(/,/^}/{
    /gruvi__list_add(list/d
    s/^    gruvi__spin_unlock.*/&\n    gruvi__list_add(list, \&waiter->link);/
}
