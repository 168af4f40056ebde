# lib/core/local.c
# Two threads that are first give a variable two numbers.
# hub local_first: not so
/^number(/,/^}/{
    s/if (gruvi__atomic_compare_exchange(id, &none, fresh, false,/gruvi__atomic_store(id, fresh, __ATOMIC_RELEASE); return fresh;/
    /^ *__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))/d
}
