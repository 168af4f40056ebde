# lib/sync/semaphore.c
# Who joins the list does not look whether a permit has come just before.
# sync semaphore: nobody can go on
/^gruvi_semaphore_acquire(/,/^}/s/if (sem->permits > 0)/if (false)/
