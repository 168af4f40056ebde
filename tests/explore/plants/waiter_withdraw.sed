# lib/core/waitlist.c
# A waiter withdraws, or is claimed, in two steps: both may happen.
# items queue_timeout: count_got
/^gruvi__waiter_decide(/,/^}/{
    s/^    return gruvi__atomic_compare_exchange(.*/    if (gruvi__atomic_load(\&waiter->state, __ATOMIC_ACQUIRE) != waiting)\n        return false;\n    gruvi__atomic_store(\&waiter->state, state, __ATOMIC_RELEASE);\n    return true;/
    /^ *false, __ATOMIC_ACQ_REL,/d
    /^ *__ATOMIC_ACQUIRE);$/d
}
