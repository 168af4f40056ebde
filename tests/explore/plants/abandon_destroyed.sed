# lib/core/hub.c
# A hub that is abandoned is freed, though its fibers are still woken.
# ends abandon_posts: of memory that was freed
/^gruvi__hub_abandon(/,/^}/s/gruvi_hub_ref(hub);/gruvi_hub_unref(hub);/
