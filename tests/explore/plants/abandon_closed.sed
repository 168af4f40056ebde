# lib/core/hub.c
# A hub that is abandoned goes on accepting callbacks.
# ends abandon_posts: ran == shared.accepted
/^gruvi__hub_abandon(/,/^}/s/gruvi__inbox_close(&hub->inbox);/gruvi__inbox_drain(\&hub->inbox);/
