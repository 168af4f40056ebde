# lib/pool/workers.c
# Work that is withdrawn is looked up before the lock is taken.
# os blocking_close: nobody can go on\|ran == !shared.interrupted
/^gruvi__work_withdraw(/,/^}/{
    /^    queued = /d
    s/^    gruvi__mutex_lock.*/    queued = !gruvi__list_empty(\&work->link);\n&/
}
