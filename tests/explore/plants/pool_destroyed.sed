# lib/pool/thread_pool.c
# A thread lets go of the pool, and then unlocks it.
# pool pool_submit: of memory that was freed
/^leave(/,/^}/{
    /gruvi__pool_drop(/d
    s/^    gruvi__mutex_unlock.*/    gruvi__pool_drop(\&pool->pool);\n&/
}
