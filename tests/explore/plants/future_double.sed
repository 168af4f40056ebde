# lib/sync/future.c
# Whether it is settled is looked up before the spin lock is taken.
# items future_settle: settled == 1
/^gruvi__future_settle(/,/^}/{
    s/^    struct callback \*due;/&\n    bool settled = f->settled;/
    s/if (f->settled)/if (settled)/
}
