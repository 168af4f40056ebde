# lib/core/waitlist.c
# A waiter that has withdrawn is woken as if it were still there.
# sync semaphore_timeout: nobody can go on
/^gruvi__waiter_claim_first(/,/^}/s/if (gruvi__waiter_claim(waiter))/if (gruvi__waiter_claim(waiter) || true)/
