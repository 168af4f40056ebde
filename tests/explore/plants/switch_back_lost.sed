# lib/core/schedule.c
# The hub looks at the switch backs, and then lets wake-ups be posted again.
# hub switch_back_inner: nobody can go on
/^run_wake(/,/^}/{
    s/^    gruvi__atomic_exchange(&fiber->wake_posted.*/    gruvi__sb_refresh(fiber);\n&/
    /^    gruvi__sb_refresh(fiber);$/d
}
