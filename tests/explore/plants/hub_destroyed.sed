# lib/core/hub.c
# A reference is given back in two steps: two threads may both be the last.
# ends hub_lent: it dies\|of memory that was freed
/^gruvi_hub_unref(/,/^}/{
    s/^    if (hub == NULL ||/    if (hub == NULL)\n        return;\n    gruvi__atomic_sub_fetch(\&hub->refs, 1, __ATOMIC_ACQ_REL);\n    if (/
    s/gruvi__atomic_sub_fetch(&hub->refs, 1, __ATOMIC_ACQ_REL) > 0/gruvi__atomic_load(\&hub->refs, __ATOMIC_ACQUIRE) > 0/
}
