# lib/core/waitlist.c
# The objects that are done are counted in two steps.
# items wait_both: nobody can go on
/^gruvi__wait_link_fire(/,/^}/{
    s/bool last = gruvi__atomic_fetch_sub(&wait->left, 1, __ATOMIC_ACQ_REL) == 1;/long left = gruvi__atomic_load(\&wait->left, __ATOMIC_ACQUIRE);\n    bool last = left == 1;/
    s/^    bool claimed = .*/    bool claimed;\n\n    gruvi__atomic_store(\&wait->left, left - 1, __ATOMIC_RELEASE);\n    claimed = last \&\& gruvi__waiter_claim(\&wait->waiter);/
}
