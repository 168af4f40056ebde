# lib/sync/wait.c
# gruvi_wait() returns while a waker still has one of its links.
# items wait_timeout: of a call that has returned
/^unlink_object(/,/^}/s/gruvi__wait_link_settle(link);/(void)link;/
