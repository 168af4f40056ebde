# lib/sync/future.c
# The hub of a callback may be gone before it is told.
# items future_callback: of memory that was freed\|a descriptor that was closed
/^post_callback(/,/^}/{
    s/gruvi_hub_ref(callback->hub)/callback->hub/
    /gruvi_hub_unref(hub);/d
}
