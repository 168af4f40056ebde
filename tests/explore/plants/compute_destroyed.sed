# lib/core/hub.c
# A hub that is abandoned gives the stacks of its fibers back, though threads
# still work for them.
# os compute_abandon: it dies
/^gruvi__hub_abandon(/,/^}/s/gruvi_hub_ref(hub);/gruvi__arena_free(hub->arena);\n    &/
