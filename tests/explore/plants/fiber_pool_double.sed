# lib/pool/fiber_pool.c
# A cancel that comes when the work is done hits the work that comes next.
# pool fiber_pool_cancel: not so
/^run(/,/^}/s/^    worker_of(&worker->link)->cancel = false;//
