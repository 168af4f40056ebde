# lib/sync/queue.c
# The getter is woken while the spin lock is still to be unlocked, and may destroy
# the queue before that.
# items queue_free: of memory that was freed
/^unlock_and_wake(/,/^}/{
    /^    gruvi__spin_unlock/d
    s/^    wake(getter);/&\n    gruvi__spin_unlock(\&queue->spin);/
}
/^gruvi_queue_destroy(/,/^}/s/gruvi__spin_[a-z]*lock(&queue->spin);//
