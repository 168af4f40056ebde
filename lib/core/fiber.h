/* SPDX-License-Identifier: MIT */
/*
 * The fiber: its control block, at the upper end of its own stack.
 */
#ifndef GRUVI_CORE_FIBER_H
#define GRUVI_CORE_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi/fiber.h>

#include "base/context.h"
#include "base/context_tools.h"
#include "base/list.h"
#include "base/stack.h"
#include "base/wheel.h"
#include "core/inbox.h"
#include "core/thread.h"
#include "core/waitable.h"

#define GRUVI__NAME_SIZE    32
#define GRUVI__MESSAGE_SIZE 64

enum gruvi__state {
    GRUVI__NEW,
    GRUVI__READY, /* on a queue: hub->urgent, ready, yielded or run */
    GRUVI__RUNNING,
    GRUVI__WAITING,
    GRUVI__DEAD
};

enum gruvi__kind { GRUVI__FIBER, GRUVI__ROOT, GRUVI__HUB };

/* Errors that wait to be delivered to a fiber. */
enum {
    GRUVI__PENDING_CANCEL = 1,       /* fiber->cancels of them */
    GRUVI__PENDING_THROW = 2,        /* fiber->throw_error */
    GRUVI__PENDING_INTERRUPT = 4,    /* root fiber: SIGINT */
    GRUVI__PENDING_DEADLINE = 8,     /* a switch back has expired */
    GRUVI__PENDING_SWITCH_BACK = 16, /* a switch back has an error */
    /* Always in the hub's fiber, and in the root fiber of a closed hub: one
     * look at pending tells that a wait is refused. */
    GRUVI__PENDING_REFUSED = 32,
    /* It began while its hub was traced; until its function is called. */
    GRUVI__PENDING_TRACED = 64
};

struct gruvi__local_value;
struct gruvi__sb;
struct gruvi__group;
struct gruvi__guard;

/*
 * In lines of the cache, because with many fibers each touched line is a miss:
 *
 *   what few fibers use, or rarely: not cleared for a new one
 *   all that a switch needs
 *   life
 *   the rest of what a new fiber sets and an ending one looks at
 *
 * The last three are next to each other and at the upper end, where the stack's
 * own record shares the last.
 */
struct gruvi_fiber {
    struct gruvi__list group_link; /* where group is set */
    struct gruvi__inbox_node wake_node;
    /* Of the wait it is in.  Not armed otherwise, and not when a fiber ends: so
     * the next one on this stack finds it as in new memory, and clears nothing.
     */
    struct gruvi__deadline timeout;
    void *switch_value;
    struct gruvi__guard *guard; /* in such a frame: the innermost that ends
                                   exceptions */
    struct gruvi__context_tools tools;
    char name[GRUVI__NAME_SIZE];
    char message[GRUVI__MESSAGE_SIZE];
    char thrown_message[GRUVI__MESSAGE_SIZE]; /* until it is delivered */
    uint64_t fill;                            /* up to the end of a line */

    /* Scheduling.  next is valid while the fiber is on a queue. */
    gruvi_fiber_t *next;
    struct gruvi__context context;
    gruvi_hub_t *hub; /* never changes; NULL: a root fiber without a hub */
    uint8_t state;    /* enum gruvi__state */
    uint8_t kind;     /* enum gruvi__kind */
    bool timed_out;   /* the timeout of the wait it is in has passed */
    bool sb_unarmed; /* switch backs have deadlines to be armed when it waits */
    bool started : 1, was_cancelled : 1;
    bool in_switch : 1;       /* it waits in gruvi_hub_switch() */
    bool release_on_wake : 1; /* no handle is left; wake_node still is */
    bool switched : 1;    /* gruvi_fiber_switch() was called: switch_value */
    bool named : 1;       /* name is valid */
    bool has_message : 1; /* message is valid */
    bool measured : 1;    /* how much of its stack it uses is looked at */
    uint8_t work;         /* stream calls since it last let others run */
    uint16_t cancels;
    union {
        const char *waiting_for; /* static text; valid while waiting */
        gruvi_fiber_t *ahead;    /* see run_queue.h */
    };
    uint32_t parked_at; /* hub->tick when it was left last */
    uint16_t shield;    /* depth of GRUVI_SHIELD */
    struct gruvi_waitable waitable;
    uint8_t pending;

    /* Life. */
    gruvi_fiber_fn target;
    void *arg; /* borrowed from the caller of gruvi_fiber_new() */
    union {
        int status;      /* when it is dead */
        int throw_error; /* before that, where one is pending */
    };
    unsigned refs; /* one is the hub's from start to end */
    uint64_t id;
    struct gruvi__list all_link; /* on hub->fibers until it has ended */
    struct gruvi__list joiners;  /* struct gruvi__joiner */

    struct gruvi__sb *sb; /* innermost live switch back */
    struct gruvi__local_value *locals;
    struct gruvi__group *group; /* from start to end */
    int switch_value_ready;     /* gruvi_hub_switch() has a value */
    unsigned wake_posted;       /* atomic: wake_node is in the inbox */

    /* The control block lies at the top of this stack, which it ends. */
    struct gruvi__stack stack;
};

/* fiber.c */

/* Seconds from a line about missing fibers to the next. */
#define GRUVI__REFUSALS_APART 10.0

void gruvi__fiber_release(gruvi_fiber_t *fiber);
void gruvi__fiber_init(gruvi_fiber_t *fiber, gruvi_hub_t *hub,
                       enum gruvi__kind kind);
int gruvi__fiber_start_in(gruvi_fiber_t *fiber, struct gruvi__group *group);

/*
 * The result of a system call that was given a buffer: where it is UV_EFAULT
 * because of the guard below the current fiber's stack, that is logged, and
 * gruvi_error_message() says so.  Returns result.
 */
void gruvi__fault_in_guard(const void *buf, size_t len);

static inline ssize_t
gruvi__result_with(ssize_t result, const void *buf, size_t len)
{
    if (__builtin_expect(result == UV_EFAULT, 0))
        gruvi__fault_in_guard(buf, len);
    return result;
}

/* Whether a hub or libuv callback is running in this thread. */
static inline bool
gruvi__in_callback(void)
{
    return gruvi__self.current != NULL &&
           gruvi__self.current->kind == GRUVI__HUB;
}

/* Identifies the caller: its fiber, or its thread where that runs no fiber but
 * the root fiber. */
static inline const void *
gruvi__self_id(void)
{
    const gruvi_fiber_t *current = gruvi__self.current;

    if (current == NULL || current->kind == GRUVI__ROOT)
        return &gruvi__self;
    return current;
}

#endif
