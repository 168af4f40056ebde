# lib/core/hub.c
# A hub that begins to close is not woken any more, though fibers wait.
# ends close_shield: it does not come to an end
/^gruvi_hub_close(/,/^}/s/hub->closing = true;/&\n    gruvi__inbox_close(\&hub->inbox);/
