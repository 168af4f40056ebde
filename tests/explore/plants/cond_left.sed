# lib/sync/cond.c
# A waiter that gives up stays on the list.
# sync cond_timeout: somebody waits for it
/^wait(/,/^}/s/gruvi__list_remove(&waiter.link);//
