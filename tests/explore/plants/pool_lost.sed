# lib/pool/workers.c
# An idle worker unlocks the pool before it is on the list of idle workers.
# pool pool_idle: nobody can go on before a timeout
/^wait_idle(/,/^}/{
    /gruvi__list_add(/d
    s/^    gruvi__mutex_unlock.*/&\n    gruvi__list_add(workers->idle.next, \&worker->waiter.link);/
}
