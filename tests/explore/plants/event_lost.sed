# lib/sync/event.c
# Who joins the list does not look whether the event was set just before.
# sync event_set: nobody can go on
/^enqueue(/,/^}/s/if (gruvi__unlikely(state & SET))/if (false)/
