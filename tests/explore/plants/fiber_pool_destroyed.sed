# lib/pool/fiber_pool.c
# The pool may be gone before its hub makes the visit that a thread has posted.
# pool fiber_pool_close: of memory that was freed\|it dies
/^post_visit(/,/^}/{
    /gruvi__pool_hold(/d
    /gruvi__pool_drop(/d
}
/^visit(/,/^}/{
    /gruvi__pool_drop(/d
}
