# lib/core/waitlist.c
# A claim may fail without a reason, and then the waiter is passed over.
# sync semaphore: nobody can go on
/^gruvi__waiter_decide(/,/^}/s/false, __ATOMIC_ACQ_REL/true, __ATOMIC_ACQ_REL/
