# lib/sync/lock.c
# The next owner is woken while the spin lock is still to be unlocked.
# sync lock_free: of memory that was freed
/^    gruvi__atomic_store(&lock->word, word, __ATOMIC_RELEASE);/,/^}/{
    /gruvi__spin_unlock/d
    s/^        gruvi__waiter_wake(next);/&\n    gruvi__spin_unlock(\&lock->spin);/
}
