# lib/sync/future.c
# Whether the future is settled is looked up before the spin lock is taken.
# items future_callback: nobody can go on
/^gruvi_future_add_done_callback(/,/^}/{
    /^    due = callback->due = f->settled;/d
    s/^    gruvi__spin_lock.*/    due = callback->due = f->settled;\n&/
}
