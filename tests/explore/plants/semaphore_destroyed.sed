# lib/sync/semaphore.c
# The waiter is woken while the spin lock is still to be unlocked, and may destroy
# the semaphore before that.
# sync semaphore_free: of memory that was freed
/^gruvi_semaphore_release(/,/^}/{
    /^    gruvi__spin_unlock/d
    s/^        gruvi__waiter_wake(next);/&\n    gruvi__spin_unlock(\&sem->spin);/
}
/^gruvi_semaphore_destroy(/,/^}/s/gruvi__spin_[a-z]*lock(&[a-z]*->spin);//
