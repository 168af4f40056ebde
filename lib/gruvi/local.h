/* SPDX-License-Identifier: MIT */
/*
 * Fiber-local data: each fiber has its own value, or none, of a variable.  One
 * gruvi_local_t serves all hubs; a thread without a hub uses its root fiber.
 *
 *     static gruvi_local_t request = GRUVI_LOCAL_INIT(free);
 */
#ifndef GRUVI_LOCAL_H
#define GRUVI_LOCAL_H

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

typedef union gruvi_local {
    struct {
        void (*destroy)(void *value);
        uint64_t id;
        unsigned char unused[16];
    } gruvi__private;
    unsigned char opaque[32];
} gruvi_local_t;

/* A static initialiser; destroy as for gruvi_local_init(). */
#define GRUVI_LOCAL_INIT(destroy_fn)                                           \
    {                                                                          \
        .gruvi__private = {(destroy_fn), 0, {0} }                              \
    }

/*
 * Make a variable.
 *
 *   destroy  run on the value that a fiber has set, in that fiber when it
 *            ends, before joins of the fiber return; may be NULL.  Not run on
 *            a value that is replaced or unset, which belongs to the caller
 *            again.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_local_init(gruvi_local_t *local,
                                void (*destroy)(void *value));

/*
 * Set a variable for the current fiber.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: any thread; in a hub callback it is set for the hub's fiber.
 */
GRUVI_API int gruvi_local_set(gruvi_local_t *local, void *value);

/*
 * Read a variable.
 *
 *   value  where to put the value; NULL is put there on failure
 *
 * Returns 0.
 * Errors:  UV_ENOENT (the current fiber has not set it).
 * Context: any thread.
 */
GRUVI_API int gruvi_local_get(gruvi_local_t *local, void **value);

/*
 * Unset a variable for the current fiber.
 *
 * Returns 0.
 * Errors:  UV_ENOENT (the current fiber has not set it).
 * Context: any thread.
 */
GRUVI_API int gruvi_local_unset(gruvi_local_t *local);

/*
 * End a variable.  Values that fibers have set are still destroyed when those
 * fibers end.
 *
 * Context: any thread, while no other thread uses the variable.
 */
GRUVI_API void gruvi_local_destroy(gruvi_local_t *local);

GRUVI_END_DECLS

#endif
