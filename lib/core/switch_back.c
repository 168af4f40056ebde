/* SPDX-License-Identifier: MIT */
/*
 * Switch backs: values, errors and deadlines that wait for a fiber.
 *
 *   fiber->sb -> innermost -> outer -> outermost
 *
 * A switch or throw writes into the switch back and makes the fiber look
 * (gruvi__sb_refresh): the value of the innermost switch back ends
 * gruvi_hub_switch(), an error or expired deadline of any ends any wait.  What
 * came for a switch back goes when that is left, so nothing stale reaches a
 * fiber.
 *
 * Another thread may only use a switch back with a lock.  It holds the lock
 * meanwhile, and exit takes it, so the fiber cannot go before.
 */
#include <assert.h>
#include <stdlib.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>

#include "base/likely.h"
#include "base/threads.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/schedule.h"
#include "core/switch_back.h"
#include "core/switchpoint.h"
#include "core/wait.h"

_Static_assert(sizeof(struct gruvi__sb) <= sizeof(gruvi_switch_back_t),
               "a switch back outgrew its public size");

static inline struct gruvi__sb *
real(const gruvi_switch_back_t *sb)
{
    return (struct gruvi__sb *)sb;
}

static void
on_deadline(struct gruvi__deadline *deadline)
{
    struct gruvi__sb *sb =
        gruvi__list_entry(deadline, struct gruvi__sb, deadline);

    sb->expired = true;
    gruvi__interrupt(sb->fiber, GRUVI__PENDING_DEADLINE);
}

void
gruvi__sb_refuse(int err)
{
    gruvi_fiber_t *fiber = gruvi__self.current;

    if (gruvi__self.hub == NULL) {
        gruvi__self.refused = err;
        return;
    }
    gruvi__self.refused = 0;
    fiber->throw_error = err;
    gruvi__message_copy(fiber->thrown_message, "switch back refused");
    fiber->pending |= GRUVI__PENDING_THROW;
}

static __attribute__((noinline)) int
check_unusual(gruvi_hub_t *hub, double timeout)
{
    gruvi_hub_t *own = gruvi_get_hub();

    if (own == NULL)
        return gruvi_last_error();
    if (hub != NULL && hub != own)
        return UV_EPERM;
    if (own->closed)
        return UV_ESHUTDOWN;
    if (gruvi__in_callback())
        return gruvi__assert_failed("gruvi_switch_back_init() in a callback of "
                                    "the hub, which cannot wait");
    return gruvi__timeout_check(timeout);
}

/* 0, or why there can be no switch back. */
static inline int
check(gruvi_hub_t *hub, double timeout)
{
    const struct gruvi__thread *self = &gruvi__self;

    if (gruvi__likely(self->hub != NULL && (hub == NULL || hub == self->hub) &&
                      !(self->current->pending & GRUVI__PENDING_REFUSED) &&
                      timeout == timeout))
        return 0;
    return check_unusual(hub, timeout);
}

void
gruvi_switch_back_init_ex(gruvi_switch_back_t *public, double timeout,
                          gruvi_hub_t *hub, uv_mutex_t *lock)
{
    struct gruvi__sb *sb = real(public);
    gruvi_fiber_t *fiber;
    uint64_t due;
    int err = check(hub, timeout);

    /* Not all of it: what says above where it is valid stays as it is. */
    sb->fiber = NULL;
    sb->timeout = timeout;
    sb->lock = NULL;
    sb->deadline.due = 0;
    sb->unarmed = true;
    sb->used = sb->latched = sb->thrown = sb->expired = sb->timed_out = false;
    sb->cleanups = NULL;
    if (gruvi__unlikely(err < 0)) {
        gruvi__sb_refuse(err);
        return;
    }
    fiber = gruvi__self.current;
    sb->fiber = fiber;
    sb->lock = lock;
    sb->outer = fiber->sb;
    fiber->sb = sb;
    due = gruvi__clock_due(timeout);
    if (due != UINT64_MAX) {
        sb->deadline.due = due;
        fiber->sb_unarmed = true;
    }
}

/*
 * A deadline can only pass while the fiber does not run.  So it goes to the
 * wheel when the fiber is left for the first time: most blocks with a timeout
 * are done before, and need the wheel neither to arm nor to disarm it.  When it
 * is due init has said, so it is not late for that.
 */
void
gruvi__sb_arm(gruvi_fiber_t *fiber)
{
    struct gruvi__sb *sb;

    fiber->sb_unarmed = false;
    /* All that are outside of an armed one were there when it was armed. */
    for (sb = fiber->sb; sb != NULL && sb->unarmed; sb = sb->outer) {
        sb->unarmed = false;
        sb->deadline.fire = on_deadline;
        if (sb->deadline.due != 0)
            gruvi__deadline_arm(fiber->hub, &sb->deadline, sb->deadline.due);
    }
}

void
gruvi_switch_back_init(gruvi_switch_back_t *sb, double timeout)
{
    gruvi_switch_back_init_ex(sb, timeout, NULL, NULL);
}

static void
take_off(gruvi_fiber_t *fiber, struct gruvi__sb *sb)
{
    struct gruvi__sb **link = &fiber->sb;

    while (*link != NULL && *link != sb)
        link = &(*link)->outer;
    if (*link == sb)
        *link = sb->outer;
}

static void
run_cleanups(struct gruvi__sb *sb)
{
    struct gruvi__cleanup *cleanup, *next;

    for (cleanup = sb->cleanups; cleanup != NULL; cleanup = next) {
        next = cleanup->next;
        cleanup->callback(cleanup->arg);
        if (cleanup != &sb->first_cleanup)
            free(cleanup);
    }
    sb->cleanups = NULL;
}

void
gruvi_switch_back_exit(gruvi_switch_back_t *public)
{
    struct gruvi__sb *sb = real(public);
    gruvi_fiber_t *fiber = sb->fiber;

    if (fiber == NULL)
        return;
    if (fiber != gruvi__self.current) {
        gruvi__assert_failed("gruvi_switch_back_exit() outside the origin "
                             "fiber %s",
                             gruvi_fiber_name(fiber));
        return;
    }
    if (sb->lock != NULL)
        gruvi__uv_mutex_lock(sb->lock);
    sb->fiber = NULL;
    if (sb->lock != NULL)
        gruvi__uv_mutex_unlock(sb->lock);
    if (!sb->unarmed)
        gruvi__deadline_disarm(fiber->hub, &sb->deadline);
    take_off(fiber, sb);
    gruvi__sb_refresh(fiber);
    run_cleanups(sb);
}

/* Write into a live switch back, and make its fiber look. */
static void
deliver(struct gruvi__sb *sb, bool *what)
{
    gruvi_fiber_t *fiber = sb->fiber;

    sb->used = true;
    gruvi__atomic_store(what, true, __ATOMIC_RELEASE);
    if (gruvi__is_own(fiber->hub)) {
        gruvi__sb_refresh(fiber);
        if (fiber->switch_value_ready || fiber->shield == 0)
            gruvi__ready(fiber);
    } else {
        gruvi__ready_remote(fiber);
    }
}

/* True where the caller may write into sb, and then holds its lock. */
static bool
claim(struct gruvi__sb *sb, const char *function)
{
    if (sb->lock != NULL) {
        gruvi__uv_mutex_lock(sb->lock);
    } else if (sb->fiber != NULL && !gruvi__is_own(sb->fiber->hub)) {
        gruvi__assert_failed("%s() from another thread on a switch back "
                             "without a lock",
                             function);
        return false;
    }
    if (sb->fiber != NULL && !sb->used)
        return true;
    if (sb->lock != NULL)
        gruvi__uv_mutex_unlock(sb->lock);
    return false;
}

void
gruvi_switch_back_switch(gruvi_switch_back_t *public, void *value)
{
    struct gruvi__sb *sb = real(public);

    if (!claim(sb, __func__))
        return;
    sb->value = value;
    deliver(sb, &sb->latched);
    if (sb->lock != NULL)
        gruvi__uv_mutex_unlock(sb->lock);
}

void
gruvi_switch_back_throw(gruvi_switch_back_t *public, int err,
                        const char *message)
{
    struct gruvi__sb *sb = real(public);

    if (!claim(sb, __func__))
        return;
    sb->error = err < 0 ? err : UV_EINVAL;
    gruvi__message_copy(sb->message, message);
    deliver(sb, &sb->thrown);
    if (sb->lock != NULL)
        gruvi__uv_mutex_unlock(sb->lock);
}

static inline bool
is_set(const bool *flag)
{
    return gruvi__atomic_load(flag, __ATOMIC_ACQUIRE);
}

void
gruvi__sb_refresh(gruvi_fiber_t *fiber)
{
    const struct gruvi__sb *sb;
    unsigned pending = 0;

    fiber->switch_value_ready =
        fiber->switched || (fiber->sb != NULL && is_set(&fiber->sb->latched));
    for (sb = fiber->sb; sb != NULL; sb = sb->outer) {
        if (sb->expired)
            pending |= GRUVI__PENDING_DEADLINE;
        if (is_set(&sb->thrown))
            pending |= GRUVI__PENDING_SWITCH_BACK;
    }
    fiber->pending &=
        ~(unsigned)(GRUVI__PENDING_DEADLINE | GRUVI__PENDING_SWITCH_BACK);
    fiber->pending |= pending;
}

/*
 * The outermost expired switch back: the fiber leaves all inside it, so their
 * own deadlines do not matter any more.
 */
int
gruvi__sb_take_deadline(gruvi_fiber_t *fiber)
{
    struct gruvi__sb *sb, *expired = NULL;

    for (sb = fiber->sb; sb != NULL; sb = sb->outer)
        if (sb->expired)
            expired = sb;
    assert(expired != NULL);
    expired->expired = false;
    expired->timed_out = true;
    gruvi__sb_refresh(fiber);
    return UV_ETIMEDOUT;
}

int
gruvi__sb_take_error(gruvi_fiber_t *fiber)
{
    struct gruvi__sb *sb, *thrown = NULL;

    for (sb = fiber->sb; sb != NULL; sb = sb->outer)
        if (is_set(&sb->thrown))
            thrown = sb;
    assert(thrown != NULL);
    thrown->thrown = false;
    gruvi__fiber_set_message(fiber, thrown->message);
    gruvi__sb_refresh(fiber);
    return thrown->error;
}

/* Take the value that made fiber->switch_value_ready true. */
static void
take_value(gruvi_fiber_t *fiber, void **value)
{
    void *taken;

    if (fiber->switched) {
        taken = fiber->switch_value;
        fiber->switched = false;
    } else {
        taken = fiber->sb->value;
        fiber->sb->latched = false;
    }
    gruvi__sb_refresh(fiber);
    if (value != NULL)
        *value = taken;
}

GRUVI_SWITCHPOINT int
gruvi_hub_switch(gruvi_hub_t *hub, void **value)
{
    gruvi_fiber_t *fiber;
    bool done;
    int err;

    if (value != NULL)
        *value = NULL;
    /* A value that is there goes before a deadline that has passed. */
    if ((err = gruvi__enter_through(__func__, &fiber)) < 0)
        return err;
    if (hub == NULL)
        return UV_EINVAL;
    if (!gruvi__is_own(hub))
        return UV_EPERM;
    gruvi__sb_refresh(fiber);
    fiber->in_switch = true;
    gruvi__wait_begin(fiber, GRUVI_FOREVER);
    done = gruvi__wait_run(fiber, &fiber->switch_value_ready, "switch back");
    fiber->in_switch = false;
    if (done)
        take_value(fiber, value);
    return gruvi__wait_end(fiber, done);
}

gruvi_fiber_t *
gruvi_switch_back_fiber(const gruvi_switch_back_t *sb)
{
    return real(sb)->fiber;
}

double
gruvi_switch_back_timeout(const gruvi_switch_back_t *sb)
{
    return real(sb)->timeout;
}

bool
gruvi_switch_back_timed_out(const gruvi_switch_back_t *sb)
{
    return real(sb)->timed_out;
}

bool
gruvi_switch_back_active(const gruvi_switch_back_t *public)
{
    struct gruvi__sb *sb = real(public);
    uv_mutex_t *lock = sb->lock;
    bool active;

    if (lock != NULL)
        gruvi__uv_mutex_lock(lock);
    active = sb->fiber != NULL && !sb->used;
    if (lock != NULL)
        gruvi__uv_mutex_unlock(lock);
    return active;
}

int
gruvi_switch_back_add_cleanup(gruvi_switch_back_t *public,
                              void (*callback)(void *arg), void *arg)
{
    struct gruvi__sb *sb = real(public);
    struct gruvi__cleanup **link, *cleanup = &sb->first_cleanup;

    if (sb->fiber == NULL || callback == NULL)
        return UV_EINVAL;
    if (sb->cleanups != NULL) {
        cleanup = malloc(sizeof *cleanup);
        if (cleanup == NULL)
            return UV_ENOMEM;
    }
    *cleanup = (struct gruvi__cleanup){NULL, callback, arg};
    for (link = &sb->cleanups; *link != NULL; link = &(*link)->next)
        ;
    *link = cleanup;
    return 0;
}

double
gruvi_deadline_remaining(void)
{
    const gruvi_fiber_t *fiber = gruvi__self.current;
    const struct gruvi__sb *sb;
    uint64_t due = UINT64_MAX;

    if (fiber == NULL)
        return GRUVI_FOREVER;
    for (sb = fiber->sb; sb != NULL; sb = sb->outer) {
        if (sb->expired || sb->timed_out)
            return 0;
        if (sb->deadline.due != 0 && sb->deadline.due < due)
            due = sb->deadline.due;
    }
    return gruvi__clock_left(due);
}
