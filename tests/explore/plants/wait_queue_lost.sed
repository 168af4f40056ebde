# lib/sync/queue.c
# Who begins to wait does not look whether an item has come just before.
# items wait_queue: nobody can go on
/^link_to(/,/^}/s/ready = ready_now(queue);/ready = false;/
