# lib/pool/map.c
# Who begins to wait does not look whether all was done just before.
# pool pool_map: nobody can go on
/^put_waiter(/,/^}/s/waits = map->left > 0 .*/waits = map->left > 0 || (stop_if_failed \&\& !map->failed);/
