/* SPDX-License-Identifier: MIT */
/*
 * Fibers: light, cooperatively scheduled flows of control.
 *
 * A fiber belongs to the hub that it was made in and never leaves its thread.
 * Only the hub decides when it runs.  Everything here is for that thread.
 */
#ifndef GRUVI_FIBER_H
#define GRUVI_FIBER_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * A fiber's main function.  A negative result other than UV_ECANCELED is like
 * an uncaught exception: it is logged with the fiber's name.
 */
typedef GRUVI_SWITCHPOINT int (*gruvi_fiber_fn)(void *arg);

typedef struct gruvi_fiber_options {
    const char *name;  /* copied, cut to 31 bytes; NULL: "Fiber-N" */
    gruvi_hub_t *hub;  /* this thread's, or NULL, which means the same */
    size_t stack_size; /* bytes, the guard included; 0: the default */
    void *reserved[4]; /* NULL */
} gruvi_fiber_options_t;

/*
 * Make a fiber.  It does not run before it is started.
 *
 *   target   the main function
 *   arg      handed to target; borrowed
 *   options  NULL: the defaults
 *
 * Returns a fiber that the caller owns (gruvi_fiber_unref()), or NULL.
 * Errors:  UV_ENOMEM, UV_EAGAIN (gruvi_hub_set_max_fibers()), UV_ESHUTDOWN
 *          (the hub is closing), UV_EPERM (another thread's hub), UV_EINVAL
 *          (no target, a stack under 16 KiB, a reserved member in use).
 * Context: hub thread.
 */
GRUVI_API GRUVI_OWNED gruvi_fiber_t *
gruvi_fiber_new(gruvi_fiber_fn target, void *arg,
                const gruvi_fiber_options_t *options);

/*
 * Schedule a fiber to run in the next iteration of its hub.  It joins the
 * group of the fiber that starts it.
 *
 * Returns 0.
 * Errors:  UV_EALREADY (it was started before), UV_ECANCELED (the group is
 *          cancelled), UV_ESHUTDOWN, UV_EPERM in another thread, UV_EINVAL for
 *          the root or hub fiber.
 * Context: hub thread.
 */
GRUVI_API int gruvi_fiber_start(gruvi_fiber_t *fiber);

/*
 * Schedule a fiber to be cancelled in the next iteration of its hub.  The
 * switchpoint that it waits in, or else its next wait, returns UV_ECANCELED.
 * Each call makes one wait return so.  A fiber that has not run yet never runs.
 *
 *   message  for gruvi_error_message(); copied, cut to 63 bytes; may be NULL
 *
 * Returns 0, also for a fiber that has ended.
 * Errors:  UV_EPERM in another thread, UV_EINVAL for the root or hub fiber.
 * Context: hub thread.
 */
GRUVI_API int gruvi_fiber_cancel(gruvi_fiber_t *fiber, const char *message);

/*
 * Wait until a fiber has ended in any way.
 *
 *   timeout  seconds; 0 polls, GRUVI_FOREVER waits without limit
 *
 * Returns 0; gruvi_fiber_status() has the result.
 * Errors:  UV_ETIMEDOUT, UV_ECANCELED, UV_EINTR, UV_ESHUTDOWN, UV_EPERM in
 *          another thread, UV_EINVAL (the calling, root or hub fiber; NaN).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_fiber_join(gruvi_fiber_t *fiber,
                                                 double timeout);

/*
 * The name of a fiber, for diagnostics.  The root fiber's is "Root", the
 * hub's is "Hub".
 *
 * Returns text that lives as long as the fiber's handle.
 * Context: hub thread.
 */
GRUVI_API const char *gruvi_fiber_name(const gruvi_fiber_t *fiber);

/* Whether a fiber has not ended yet.  Context: hub thread. */
GRUVI_API bool gruvi_fiber_alive(const gruvi_fiber_t *fiber);

/* Whether gruvi_fiber_cancel() was called on a fiber.  Context: hub thread. */
GRUVI_API bool gruvi_fiber_cancelled(const gruvi_fiber_t *fiber);

/*
 * The result of target; UV_EBUSY while the fiber is alive, UV_ECANCELED for
 * a fiber that was cancelled before it ran.
 * Context: hub thread.
 */
GRUVI_API int gruvi_fiber_status(const gruvi_fiber_t *fiber);

/*
 * What a fiber waits for: "event", "read", "timer"; "" if it does not wait.
 *
 * Returns static text.
 * Context: hub thread.
 */
GRUVI_API const char *gruvi_fiber_waiting_for(const gruvi_fiber_t *fiber);

/*
 * The parent of a fiber: NULL for the root, the root for the hub's fiber, the
 * hub's fiber for all others.
 *
 * Returns a borrowed fiber.
 * Context: hub thread.
 */
GRUVI_API gruvi_fiber_t *gruvi_fiber_parent(const gruvi_fiber_t *fiber);

/*
 * Take or release a reference to a fiber.  A reference keeps the fiber's stack
 * allocated.  To release the last reference to a running fiber is fine: it
 * runs on.  gruvi_fiber_unref(NULL) does nothing, so that a fiber that could
 * not be spawned need not be told apart.
 *
 * Returns fiber.
 * Context: hub thread.
 */
GRUVI_API gruvi_fiber_t *gruvi_fiber_ref(gruvi_fiber_t *fiber);
GRUVI_API void gruvi_fiber_unref(gruvi_fiber_t *fiber);

/*
 * Switch to a fiber: it runs first in this turn.  A fiber that has not run yet
 * is started.  A fiber that waits in gruvi_hub_switch() returns from it with
 * value.
 *
 * Returns 0.
 * Errors:  UV_EPERM outside hub callbacks, UV_EBUSY for a fiber in any other
 *          state, UV_EINVAL for the hub's fiber, UV_ESHUTDOWN for a fiber that
 *          was not started while the hub closes.
 * Context: hub callback.
 */
GRUVI_API int gruvi_fiber_switch(gruvi_fiber_t *fiber, void *value);

/*
 * Throw an error into a fiber: the switchpoint that it waits in, or else its
 * next wait, returns the error.  The fiber runs first in this turn.  A fiber
 * that has not run yet ends with the error.
 *
 *   err      a negative code
 *   message  for gruvi_error_message(); copied, cut to 63 bytes; may be NULL
 *
 * Returns 0, also for a fiber that has ended.
 * Errors:  UV_EPERM outside hub callbacks, UV_EBUSY (an earlier error has not
 *          arrived yet), UV_EINVAL (a code that is not negative, the hub's
 *          fiber).
 * Context: hub callback.
 */
GRUVI_API int gruvi_fiber_throw(gruvi_fiber_t *fiber, int err,
                                const char *message);

/*
 * The fiber that runs now: in a hub or libuv callback the hub's fiber, in a
 * thread without a hub the root fiber.
 *
 * Returns a borrowed fiber, or NULL (UV_ENOMEM) in a thread without a hub.
 * Context: any thread.
 */
GRUVI_API gruvi_fiber_t *gruvi_current_fiber(void);

/*
 * Make a fiber and start it.
 *
 * Returns a fiber that the caller owns, or NULL with the errors of
 * gruvi_fiber_new() and gruvi_fiber_start().
 * Context: hub thread.
 */
GRUVI_API GRUVI_OWNED gruvi_fiber_t *gruvi_spawn(gruvi_fiber_fn target,
                                                 void *arg);
GRUVI_API GRUVI_OWNED gruvi_fiber_t *
gruvi_spawn_ex(gruvi_fiber_fn target, void *arg,
               const gruvi_fiber_options_t *options);

/*
 * Make a fiber and start it, for a caller that needs no handle of it.  There is
 * nothing to release.
 *
 * Returns 0.
 * Errors:  those of gruvi_fiber_new() and gruvi_fiber_start().
 * Context: hub thread.
 */
GRUVI_API int gruvi_go(gruvi_fiber_fn target, void *arg);

/*
 * Sleep.
 *
 *   secs  seconds, never less; 0 lets other fibers run: the call returns after
 *         every start, cancel, throw and callback queued before it, and the
 *         fibers that these woke, have run once.  Negative: until interrupted.
 *
 * Returns 0.
 * Errors:  UV_ECANCELED, UV_ETIMEDOUT (an enclosing deadline), UV_EINTR,
 *          UV_ESHUTDOWN, UV_EINVAL for NaN.
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_sleep(double secs);

/*
 * The clock by which sleeps and timeouts are measured: it never goes back, and
 * says nothing about the time of day.  In a test host it is virtual.
 *
 * Returns seconds since a point that stays the same while the process runs.
 * Context: any thread.
 */
GRUVI_API double gruvi_now(void);

/*
 * Called in a fiber that ends with a negative status other than UV_ECANCELED,
 * before joins of the fiber return.  It must not switch.
 *
 *   fiber   the fiber that ends, borrowed
 */
typedef void (*gruvi_uncaught_fn)(gruvi_fiber_t *fiber, int status);

/*
 * Install the handler of such fibers, for the whole process.
 *
 *   handler  NULL: the default, an error in the log with the fiber's name
 *
 * Returns the handler that it replaces, NULL for the default.
 * Context: any thread.
 */
GRUVI_API gruvi_uncaught_fn
gruvi_set_uncaught_handler(gruvi_uncaught_fn handler);

/*
 * Set the default stack size, for the whole process.
 *
 *   bytes  rounded up to a power of two; 0: 128 KiB
 *
 * Returns 0.
 * Errors:  UV_EINVAL under 16 KiB or over 1 GiB.
 * Context: any thread.
 */
GRUVI_API int gruvi_set_stack_size(size_t bytes);

/*
 * Set the least size of the guard below each stack, for the whole process.
 *
 * A function whose frame is larger than the guard may reach over it, into the
 * stack of another fiber, unless it was compiled with
 * -fstack-clash-protection, as pkg-config says.  A larger guard is for code
 * that cannot be compiled so.  It takes address space, and nothing from the
 * stack.
 *
 *   bytes  at least; rounded up to pages.  0: as usual, an eighth of the stack,
 *          a page at least and 64 KiB at most (16 KiB below 128 KiB)
 *
 * Call it before the first fiber: stacks that have been prepared keep their
 * guards.
 *
 * Returns 0.
 * Errors:  UV_EINVAL over 64 MiB.
 * Context: any thread.
 */
GRUVI_API int gruvi_set_guard_size(size_t bytes);

/*
 * How this machine guards stacks, and the most that can be guarded at once.
 *
 *   ceiling  may be NULL; SIZE_MAX: limited by memory alone
 *
 * Returns static text: "MADV_GUARD_INSTALL" or "mprotect".
 * Context: any thread.
 */
GRUVI_API const char *gruvi_stack_guard(size_t *ceiling);

/* Behind gruvid; do not use.  Each stack has that many bytes more than was
 * asked for. */
GRUVI_API void gruvi__add_to_stacks(size_t bytes);

/* Behind gruvid; do not use.  Leave out of a core what stacks have never used:
 * for a process that dies.  It ends early where the kernel refuses more
 * mappings, and does nothing without /proc.
 * Context: any thread, async-signal-safe. */
GRUVI_API void gruvi__stacks_thin(void);

/* Behind gruvid; do not use.  Give a fiber another name, copied and cut; NULL
 * and "" change nothing.  Context: hub thread. */
GRUVI_API void gruvi__fiber_rename(gruvi_fiber_t *fiber, const char *name);

GRUVI_END_DECLS

#endif
