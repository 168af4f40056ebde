# lib/pool/fiber_pool.c
# Work that a fiber has begun stays as it is when its hub is abandoned.
# pool fiber_pool_abandon_busy: nobody can go on
/^let_go(/,/^}/s/if (self->work != NULL)/if (false)/
