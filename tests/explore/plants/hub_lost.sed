# lib/core/hub_poll.c
# The hub looks for messages, and then says that it sleeps.
# hub hub_post: nobody can go on
/^gruvi__hub_poll(/,/^}/{
    /gruvi__atomic_store(&hub->inbox.sleeping, 1/d
    s/^        work = !gruvi__inbox_empty.*/&\n        gruvi__atomic_store(\&hub->inbox.sleeping, 1, __ATOMIC_SEQ_CST);/
}
