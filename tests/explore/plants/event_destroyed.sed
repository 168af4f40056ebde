# lib/sync/event.c
# The flag is set, and the lock beside it is given up after that.
# sync event_set: of memory that was freed
/^set_for_all(/,/^}/{
    s/^    unlock(event, SET);/    unlock(event, SET | LOCKED);/
    s/^    wake_all.*/&\n    unlock(event, SET);/
}
