# lib/core/inbox.c
# Who posts looks whether the hub sleeps, and then posts.
# hub hub_post: nobody can go on
/^gruvi__inbox_post(/,/^}/{
    s/^{/{\n    int sleeping = gruvi__atomic_load(\&inbox->sleeping, __ATOMIC_SEQ_CST);/
    s/if (gruvi__atomic_load(&inbox->sleeping, __ATOMIC_SEQ_CST) &&/if (sleeping \&\&/
}
