# lib/core/waitlist.c
# A thread that is woken for nothing sleeps as long as at first.
# sync wait_on_time: gruvi_now() < shared->due
/^thread_wait(/,/^}/{
    s/left.tv_sec = .*/left.tv_sec = (time_t)timeout;/
    s/left.tv_nsec = .*/left.tv_nsec = (long)(1e9 * (timeout - (double)left.tv_sec));/
}
