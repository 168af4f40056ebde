# lib/core/wait.c
# A cancel that comes together with a grant takes what was granted with it.
# ends close_semaphore: got == 1
/^gruvi__wait_end(/,/^}/s/if (done)/if (done \&\& fiber->pending == 0)/
