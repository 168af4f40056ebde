# lib/sync/semaphore.c
# A permit that went to a waiter is counted as well.
# sync semaphore: not so
/^gruvi_semaphore_release(/,/^}/s/else if (next == NULL)/else/
