/* SPDX-License-Identifier: MIT */
/*
 * The hub: the event loop of a thread and the scheduler of its fibers.
 *
 * A thread gets its hub when it first needs one.  Nothing runs before the
 * hub does: fibers that were started and callbacks that were queued wait
 * until the thread's root fiber calls a switchpoint.
 */
#ifndef GRUVI_HUB_H
#define GRUVI_HUB_H

#include <gruvi/base.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

/*
 * The hub of this thread, made on first use.  After gruvi_hub_close() it is
 * the closed hub.
 *
 * Returns a borrowed hub (gruvi_hub_ref() keeps it beyond the thread), or NULL
 * with gruvi_last_error(): UV_ENOMEM, UV_EMFILE, UV_ENOTSUP where the thread
 * has a shadow stack (gruvi(7)), or why the event loop could not be made.
 * Context: any thread.
 */
GRUVI_API gruvi_hub_t *gruvi_get_hub(void);

/*
 * Take or release a reference to a hub.  A thread that posts to the hub of
 * another thread needs a reference.  A thread's reference to its own hub ends
 * with the thread.
 *
 * Returns hub.
 * Context: any thread.
 */
GRUVI_API gruvi_hub_t *gruvi_hub_ref(gruvi_hub_t *hub);
GRUVI_API void gruvi_hub_unref(gruvi_hub_t *hub);

/*
 * The event loop of a hub.  Any libuv handle may be used on it; see
 * gruvi/switch_back.h.  Do not run, stop or close it.  The hub runs it when it
 * has something to do, and not in each turn.
 *
 * Returns a borrowed loop; NULL once the hub is closed.
 * Context: hub thread.
 */
GRUVI_API uv_loop_t *gruvi_hub_loop(gruvi_hub_t *hub);

/*
 * The name of a hub: "Hub".
 *
 * Context: any thread.
 */
GRUVI_API const char *gruvi_hub_name(const gruvi_hub_t *hub);

/*
 * Whether SIGINT is ignored.  By default it is not: the switchpoint that the
 * root fiber waits in, or else its next wait, returns UV_EINTR.
 *
 * Only the first hub of a process listens, and only if the program has no
 * handler of its own.  An inherited SIG_IGN stays.
 *
 * Context: hub thread.
 */
GRUVI_API bool gruvi_hub_ignore_interrupt(const gruvi_hub_t *hub);
GRUVI_API void gruvi_hub_set_ignore_interrupt(gruvi_hub_t *hub, bool ignore);

/*
 * The poller of a hub; see gruvi/poll.h.
 *
 * Returns a borrowed poller.
 * Context: hub thread.
 */
GRUVI_API gruvi_poller_t *gruvi_hub_poll(gruvi_hub_t *hub);

/*
 * Data that an application keeps with a hub.
 *
 *   key      copied, up to 63 bytes; keys that begin with "gruvi:" are reserved
 *   value    NULL removes the key
 *   destroy  run on the value when it is replaced or removed, and when the
 *            hub closes; may be NULL
 *
 * Returns 0.
 * Errors:  UV_EPERM for a reserved key or in another thread, UV_EINVAL for a
 *          key that is empty or too long, UV_ENOMEM, UV_ESHUTDOWN.
 * Context: hub thread.
 */
GRUVI_API int gruvi_hub_set_data(gruvi_hub_t *hub, const char *key, void *value,
                                 void (*destroy)(void *value));

/*
 * Returns the value of a key, NULL if there is none.
 * Context: hub thread.
 */
GRUVI_API void *gruvi_hub_get_data(gruvi_hub_t *hub, const char *key);

/*
 * Queue a callback for the next iteration of the hub.  It runs in the hub's
 * fiber, so it must not call switchpoints.  Callbacks of one thread run in the
 * order of its calls, and never before this call has returned.
 *
 * Every callback that was accepted runs exactly once, at the latest while the
 * hub is being closed, or its thread ends.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM; UV_ESHUTDOWN once the hub is closed; UV_EINVAL.
 * Context: any thread; another thread holds a reference to the hub.
 */
GRUVI_API int gruvi_hub_run_callback(gruvi_hub_t *hub,
                                     void (*callback)(void *arg), void *arg);

/*
 * Pause this fiber and run the event loop, until the innermost live switch
 * back of this fiber is called, or gruvi_fiber_switch() names this fiber.  The
 * caller sets up the event that will do so before the call.
 *
 *   value  where to put the value handed over; may be NULL.  NULL is put
 *          there on failure.
 *
 * Returns 0, or the error that was thrown.
 * Errors:  UV_ECANCELED, UV_ETIMEDOUT (a deadline), UV_EINTR (root fiber),
 *          UV_ESHUTDOWN, UV_EPERM for another thread's hub, and any code given
 *          to gruvi_fiber_throw() or gruvi_switch_back_throw().
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_hub_switch(gruvi_hub_t *hub,
                                                 void **value);

/*
 * Close a hub and wait for it.  Every fiber is cancelled, and the hub runs
 * until all have ended; waits that they begin meanwhile return UV_ESHUTDOWN.
 * Then queued callbacks run, and the destroyers of the hub's data; handles
 * left on the loop are closed, with a line in the log for each.  Gruvi cannot
 * be used in this thread any more.
 *
 * Nothing interrupts the close.  A fiber that never returns keeps it waiting.
 *
 * Returns 0, also for a hub that is closed already.
 * Errors:  UV_EPERM outside the root fiber of the hub's own thread.
 * Context: root fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_hub_close(gruvi_hub_t *hub);

/*
 * Call a function for each live fiber of a hub, its root and hub fiber
 * included.
 *
 *   fn   must not switch; it may keep a fiber with gruvi_fiber_ref(), and
 *        must not release a fiber that it does not hold
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_hub_each_fiber(gruvi_hub_t *hub,
                                    void (*fn)(gruvi_fiber_t *fiber, void *arg),
                                    void *arg);

/*
 * Limit the fibers that a hub may have at one time, beside the root fiber and
 * the hub's fiber.
 *
 *   max  0: as many as the machine allows.  Over max gruvi_fiber_new() fails
 *        with UV_EAGAIN, and the log says so, once in ten seconds.
 *
 * Context: hub thread.
 */
GRUVI_API void gruvi_hub_set_max_fibers(gruvi_hub_t *hub, size_t max);

/* Behind gruvid; do not use.  Whether an address lies in the guard of the stack
 * that the calling thread runs on.
 * Context: any thread, async-signal-safe. */
GRUVI_API bool gruvi__in_stack_guard(const void *addr);

/* Behind gruvid; do not use.  What another thread sees of a hub.  Nothing of it
 * but signals, fibers and ready goes down. */
typedef struct gruvi__hub_view_t {
    uint64_t turns;      /* changes as long as the hub goes on */
    uint64_t switches;   /* how often a fiber began or went on, up to the last
                            look at events */
    uint64_t spawned;    /* fibers so far */
    uint64_t refused;    /* fibers that were not made: by max_fibers, or
                            without memory for a stack */
    uint64_t signals;    /* that have come, and that it has not looked at: bit
                            N - 1 is signal N */
    size_t fibers;       /* now, beside the root and the hub's fiber */
    unsigned ready;      /* fibers that ran in the last round of all that were
                            ready, if it does not sleep */
    unsigned most_ready; /* in a round so far */
    bool sleeps;         /* it waits for events, or a callback of libuv runs */
} gruvi__hub_view_t;

GRUVI_API void gruvi__hub_view(const gruvi_hub_t *hub, gruvi__hub_view_t *view);

/* Behind gruvid; do not use.  The set of epoll with which a hub waits.
 * Context: hub thread. */
GRUVI_API int gruvi__hub_set(const gruvi_hub_t *hub);

/* The fiber that the thread of a hub runs. */
typedef struct gruvi__peek {
    char name[32];
    const void *keeper;  /* see gruvi__group_set_keeper() */
    uintptr_t low, high; /* its stack; both 0: it is the thread's own */
} gruvi__peek_t;

/*
 * Behind gruvid; do not use.  Look which fiber the thread of a hub runs.  The
 * thread has to stand still, in a system call: otherwise the result may be
 * anything, and is to be thrown away.
 *
 *   memory  an open /proc/self/mem
 *
 * Returns 0.
 * Errors:  UV_ESRCH: what lies there is no fiber of the hub.
 * Context: any thread.
 */
GRUVI_API int gruvi__hub_peek(const gruvi_hub_t *hub, int memory,
                              gruvi__peek_t *peek);

GRUVI_END_DECLS

#endif
