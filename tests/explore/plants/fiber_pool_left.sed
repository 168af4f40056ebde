# lib/pool/fiber_pool.c
# Workers are freed with a hub that is abandoned, though they are on lists.
# pool fiber_pool_abandon: it dies\|of memory that was freed
/^let_go(/,/^}/s/if (self->begun)/if (false)/
/^on_hub_end(/,/^}/s/while (gruvi__list_pop(&workers->idle) != NULL)//
