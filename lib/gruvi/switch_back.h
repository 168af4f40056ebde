/* SPDX-License-Identifier: MIT */
/*
 * Switch backs: how a callback of the event loop wakes a fiber.
 *
 *     gruvi_on_signal(...)                    called by the loop
 *          |  gruvi_switch_back_switch()
 *          v
 *     gruvi_hub_switch() returns              in the fiber that waits
 *
 * A fiber waits for at most ten seconds for SIGHUP:
 *
 *     uv_signal_t sigh;
 *     uv_signal_init(gruvi_hub_loop(hub), &sigh);
 *     GRUVI_WITH_SWITCH_BACK(sb, 10.0) {
 *         sigh.data = &sb;
 *         uv_signal_start(&sigh, gruvi_on_signal, SIGHUP);
 *         err = gruvi_hub_switch(hub, NULL);
 *     }
 *     gruvi_uv_close((uv_handle_t *)&sigh);
 *
 * The end of the block withdraws everything: a late callback finds the switch
 * back inactive and does nothing, as long as the struct exists.  So end handles
 * that point to the struct before it goes out of scope, or close them in a
 * cleanup.
 */
#ifndef GRUVI_SWITCH_BACK_H
#define GRUVI_SWITCH_BACK_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/* Placed by the caller, usually on the stack; not copied, not moved. */
typedef union gruvi_switch_back {
    unsigned char opaque[192];
    uint64_t align;
} gruvi_switch_back_t;

/*
 * Begin to wait for a switch back to the current fiber.
 *
 *   timeout  seconds; GRUVI_FOREVER: none.  It is a deadline for all waits of
 *            this fiber between init and exit, at any depth, and is delivered
 *            once, as UV_ETIMEDOUT.  A loop that goes on after a timeout of its
 *            own asks gruvi_deadline_remaining().
 *
 * If the hub cannot be made, or timeout is NaN, the switch back is inactive and
 * the next switchpoint returns the reason.
 * Context: fiber.
 */
GRUVI_API void gruvi_switch_back_init(gruvi_switch_back_t *sb, double timeout);

/*
 * Init with a hub, which has to be this thread's, and a lock.  With a lock,
 * other threads may call gruvi_switch_back_switch(), _throw() and _active(),
 * which take the lock themselves; those threads make sure that sb outlives the
 * call.
 *
 *   hub   NULL: this thread's
 *   lock  borrowed until exit; NULL: none
 *
 * Context: fiber.
 */
GRUVI_API void gruvi_switch_back_init_ex(gruvi_switch_back_t *sb,
                                         double timeout, gruvi_hub_t *hub,
                                         uv_mutex_t *lock);

/*
 * Deactivate a switch back and withdraw its deadline, then run its cleanups in
 * the order in which they were added.  Cleanups may switch.  A second call is
 * harmless.
 *
 * Context: fiber, the origin.
 */
GRUVI_API void gruvi_switch_back_exit(gruvi_switch_back_t *sb);

/*
 * A block with a switch back, declared under the name sb, that exits on every
 * way out: the end, break, return, goto.  (It is a loop that runs once: break
 * and continue leave the block, not a loop around it.)
 *
 *     GRUVI_WITH_SWITCH_BACK(sb, 10.0) { ... &sb ... }
 */
#define GRUVI_WITH_SWITCH_BACK(sb, timeout)                                    \
    for (gruvi_switch_back_t sb                                                \
         __attribute__((cleanup(gruvi_switch_back_exit))),                     \
         *GRUVI__PASTE(gruvi__once_, sb) =                                     \
             (gruvi_switch_back_init(&sb, (timeout)), &sb);                    \
         GRUVI__PASTE(gruvi__once_, sb);                                       \
         GRUVI__PASTE(gruvi__once_, sb) = NULL)

/* The origin fiber, borrowed; NULL after exit.  Context: hub thread. */
GRUVI_API gruvi_fiber_t *gruvi_switch_back_fiber(const gruvi_switch_back_t *sb);

/* The timeout of init, in seconds.  Context: hub thread. */
GRUVI_API double gruvi_switch_back_timeout(const gruvi_switch_back_t *sb);

/* Whether its deadline was delivered.  Context: hub thread. */
GRUVI_API bool gruvi_switch_back_timed_out(const gruvi_switch_back_t *sb);

/*
 * Whether a switch or throw would still do something: false before init,
 * after exit, and after the first switch or throw.  Context: hub thread; with
 * a lock any thread.
 */
GRUVI_API bool gruvi_switch_back_active(const gruvi_switch_back_t *sb);

/*
 * Switch back: gruvi_hub_switch() in the origin fiber returns 0 and value, in
 * the next iteration of the hub.  This happens at most once: afterwards, and if
 * sb is not active, the call does nothing.  A value that comes while the fiber
 * does not wait, or waits for an inner switch back, is kept until
 * gruvi_hub_switch() is called with sb innermost.
 *
 * Context: hub thread; with a lock any thread.
 */
GRUVI_API void gruvi_switch_back_switch(gruvi_switch_back_t *sb, void *value);

/*
 * Throw an error into the origin fiber: its wait between init and exit, at any
 * depth, returns err.  This, too, happens at most once.
 *
 *   err      a negative code; any other number counts as UV_EINVAL
 *   message  for gruvi_error_message(); copied, cut to 63 bytes; may be NULL
 *
 * Context: hub thread; with a lock any thread.
 */
GRUVI_API void gruvi_switch_back_throw(gruvi_switch_back_t *sb, int err,
                                       const char *message);

typedef GRUVI_SWITCHPOINT void (*gruvi_cleanup_fn)(void *arg);

/*
 * Add a cleanup, which exit runs.  It may switch.
 *
 *   arg  borrowed; declare it before the block that sb belongs to
 *
 * Returns 0.
 * Errors:  UV_ENOMEM; UV_EINVAL (sb has ended).  The first cleanup of a switch
 *          back needs no memory.
 * Context: fiber, the origin.
 */
GRUVI_API int gruvi_switch_back_add_cleanup(gruvi_switch_back_t *sb,
                                            gruvi_cleanup_fn callback,
                                            void *arg);

/*
 * Close a libuv handle and wait until its memory may be reused, which a handle
 * on a fiber's stack needs.  Nothing makes it return earlier, and it does not
 * change handle->data.
 *
 * Returns 0.
 * Errors:  UV_EALREADY (it is being closed), UV_EPERM for a handle of another
 *          hub, UV_ESHUTDOWN after the hub was closed.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_uv_close(uv_handle_t *handle);

/*
 * Ready-made libuv callbacks.  They find the switch back in handle->data or
 * req->data, and hand over (void *)(intptr_t)status: the signal number, the
 * result of a file operation, 0 for a timer.
 *
 * Context: libuv callback.
 */
GRUVI_API void gruvi_on_timer(uv_timer_t *handle);
GRUVI_API void gruvi_on_signal(uv_signal_t *handle, int signum);
GRUVI_API void gruvi_on_fs(uv_fs_t *req);
GRUVI_API void gruvi_on_connect(uv_connect_t *req, int status);
GRUVI_API void gruvi_on_write(uv_write_t *req, int status);
GRUVI_API void gruvi_on_shutdown(uv_shutdown_t *req, int status);
GRUVI_API void gruvi_on_getaddrinfo(uv_getaddrinfo_t *req, int status,
                                    struct addrinfo *result);
GRUVI_API void gruvi_on_work(uv_work_t *req, int status);

/*
 * A block in which cancels, thrown errors, interrupts, deadlines and the
 * hub's shutdown stay pending, for cleaning up.  The timeouts of the calls in
 * it count.  Nests; ends on every way out.
 *
 *     GRUVI_SHIELD { gruvi_stream_write(s, "bye\n", 4); }
 */
#define GRUVI_SHIELD GRUVI__SHIELD(__COUNTER__)

/*
 * Seconds to the nearest deadline around the caller; 0 from when one has passed
 * until its block ends, delivered or not; GRUVI_FOREVER if there is none.
 *
 * A deadline is delivered once, as UV_ETIMEDOUT, like the timeout of a call. So
 * a loop that goes on after a timeout has to ask:
 *
 *     do
 *         err = gruvi_event_wait(&event, 0.5);
 *     while (err == UV_ETIMEDOUT && gruvi_deadline_remaining() != 0);
 *
 * Context: fiber.
 */
GRUVI_API double gruvi_deadline_remaining(void);

/* Behind the macros above; do not use. */
#define GRUVI__SHIELD(n)                                                       \
    for (gruvi__shield_t GRUVI__PASTE(gruvi__shield_, n)                       \
             __attribute__((cleanup(gruvi__shield_exit))),                     \
         *GRUVI__PASTE(gruvi__once_, n) =                                      \
             gruvi__shield_enter(&GRUVI__PASTE(gruvi__shield_, n));            \
         GRUVI__PASTE(gruvi__once_, n); GRUVI__PASTE(gruvi__once_, n) = NULL)

typedef struct gruvi__shield {
    gruvi_fiber_t *fiber;
} gruvi__shield_t;

GRUVI_API gruvi__shield_t *gruvi__shield_enter(gruvi__shield_t *shield);
GRUVI_API void gruvi__shield_exit(gruvi__shield_t *shield);

GRUVI_END_DECLS

#endif
