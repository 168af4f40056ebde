/* SPDX-License-Identifier: MIT */
/*
 * Fiber-local data: a variable that is set, or unset, independently for each
 * fiber.  One gruvi_local_t serves all hubs at once; a thread without a hub
 * uses its root fiber.
 *
 *     static gruvi_local_t request = GRUVI_LOCAL_INIT(free);
 */
#ifndef GRUVI_LOCAL_H
#define GRUVI_LOCAL_H

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

typedef union gruvi_local {
    uint64_t align;
    struct {
        void (*destroy)(void *value);
        uint64_t id;
    } gruvi__private;
    unsigned char opaque[32];
} gruvi_local_t;

/* A static initialiser; destroy as for gruvi_local_init(). */
#define GRUVI_LOCAL_INIT(destroy_fn)                                           \
    {                                                                          \
        .gruvi__private = {(destroy_fn), 0 }                                   \
    }

/*
 * Make a variable.
 *
 *   destroy  run on the value that a fiber has set, in that fiber when it
 *            ends, before those who join it return; may be NULL.  Not run on a
 *            value that is replaced or unset: it is the caller's again.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_local_init(gruvi_local_t *local,
                                void (*destroy)(void *value));

/*
 * Set it for the current fiber.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM.
 * Context: any thread; in a hub callback it is the hub's fiber that has it.
 */
GRUVI_API int gruvi_local_set(gruvi_local_t *local, void *value);

/*
 * Read it.
 *
 *   value  where to put it; NULL is put there on failure
 *
 * Returns 0.
 * Errors:  UV_ENOENT where the current fiber has set none.
 * Context: any thread.
 */
GRUVI_API int gruvi_local_get(gruvi_local_t *local, void **value);

/*
 * Unset it for the current fiber.
 *
 * Returns 0.
 * Errors:  UV_ENOENT where the current fiber has set none.
 * Context: any thread.
 */
GRUVI_API int gruvi_local_unset(gruvi_local_t *local);

/*
 * End a variable.  Values that fibers have set are still destroyed when those
 * fibers end.
 *
 * Context: any thread, when no other uses it.
 */
GRUVI_API void gruvi_local_destroy(gruvi_local_t *local);

GRUVI_END_DECLS

#endif
