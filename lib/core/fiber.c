/* SPDX-License-Identifier: MIT */
/*
 * The life of a fiber.
 *
 *   new --start--> ready --> running <--> waiting
 *                               |
 *                               v
 *                             dead     until the last handle is let go
 *
 * One that is cancelled, or has an error thrown into it, before it ran takes
 * the same way: it finds that at its entry and ends there.  So nothing but the
 * scheduler ever starts or ends one.
 *
 * The control block is the upper end of the fiber's own stack.  A fiber that
 * ends lets go of it while it still runs there; the memory only goes to the
 * cache, or is reused, when somebody else runs (hub->dead).
 */
#include <string.h>

#include "core/core.h"

GRUVI__STACK_LAST(struct gruvi_fiber, stack);
#if defined(GRUVI_CONTEXT_X86_64) && !defined(GRUVI__ASAN) &&                  \
    !defined(GRUVI__TSAN)
_Static_assert(sizeof(struct gruvi_fiber) % 64 == 0,
               "control blocks begin with a line of the cache");
#endif

void
gruvi__fiber_set_message(char *to, const char *message)
{
    size_t n = message == NULL ? 0 : strnlen(message, GRUVI__MESSAGE_SIZE - 1);

    if (n > 0)
        memcpy(to, message, n);
    to[n] = '\0';
}

static void
set_name(gruvi_fiber_t *fiber, const char *name)
{
    size_t n = name == NULL ? 0 : strnlen(name, GRUVI__NAME_SIZE - 1);

    if (n > 0)
        memcpy(fiber->name, name, n);
    fiber->name[n] = '\0';
}

/* The stack member is its allocator's and stays as it is. */
void
gruvi__fiber_init(gruvi_fiber_t *fiber, gruvi_hub_t *hub, enum gruvi__kind kind)
{
    size_t size = offsetof(gruvi_fiber_t, name);

    /* Hidden, so that gcc calls memset(): what it puts in its place for a size
     * that it knows, "rep stos", takes 20 ns to begin. */
    __asm__("" : "+r"(size));
    memset(fiber, 0, size);
    fiber->name[0] = fiber->message[0] = fiber->thrown_message[0] = '\0';
    fiber->hub = hub;
    fiber->kind = (uint8_t)kind;
    fiber->waitable.kind = GRUVI__WAITABLE_FIBER;
    fiber->waiting_for = "";
    fiber->refs = 1;
    gruvi__list_init(&fiber->all_link);
    gruvi__list_init(&fiber->joiners);
    gruvi__list_init(&fiber->group_link);
}

static void
end(gruvi_fiber_t *fiber, int status)
{
    gruvi_hub_t *hub = fiber->hub;

    if (fiber->sb != NULL) {
        gruvi__assert_failed("fiber %s ended inside a switch back block that "
                             "it has not left with gruvi_switch_back_exit()",
                             gruvi_fiber_name(fiber));
        while (fiber->sb != NULL)
            gruvi_switch_back_exit((gruvi_switch_back_t *)fiber->sb);
    }
    gruvi__local_end(fiber);
    if (status < 0 && status != UV_ECANCELED)
        gruvi__uncaught(fiber, status);
    fiber->status = status;
    fiber->state = GRUVI__DEAD;
    fiber->waiting_for = "";
    gruvi__list_remove(&fiber->all_link);
    hub->live--;
    gruvi__wake_joiners(&fiber->joiners);
    gruvi__group_leave(fiber);
    gruvi_fiber_unref(fiber);
    gruvi__leave(fiber);
}

/* Where a fiber begins, on its own stack. */
static void
entry(void)
{
    gruvi_fiber_t *fiber = gruvi__self.current;

    gruvi__tools_after_switch(&fiber->tools);
    if (fiber->pending & GRUVI__PENDING_THROW)
        end(fiber, fiber->throw_error);
    else if (fiber->pending & GRUVI__PENDING_CANCEL)
        end(fiber, UV_ECANCELED);
    else
        end(fiber, fiber->target(fiber->arg));
}

static int
check_options(const gruvi_fiber_options_t *options, gruvi_hub_t *hub)
{
    size_t i;

    if (options == NULL)
        return 0;
    if (options->hub != NULL && options->hub != hub)
        return UV_EPERM;
    for (i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i] != NULL)
            return UV_EINVAL;
    return 0;
}

/* Whether one more is allowed; says once why not. */
static bool
check_limit(gruvi_hub_t *hub)
{
    if (hub->max_fibers == 0 || hub->live < hub->max_fibers) {
        hub->limit_logged = false;
        return true;
    }
    if (!hub->limit_logged)
        gruvi_warning("no more fibers: max_fibers is %zu", hub->max_fibers);
    hub->limit_logged = true;
    return false;
}

gruvi_fiber_t *
gruvi_fiber_new(gruvi_fiber_fn target, void *arg,
                const gruvi_fiber_options_t *options)
{
    gruvi_hub_t *hub = gruvi_get_hub();
    struct gruvi__stack *stack;
    gruvi_fiber_t *fiber;
    int err;

    if (hub == NULL)
        return NULL;
    if (target == NULL)
        return gruvi__fail(UV_EINVAL);
    if ((err = check_options(options, hub)) < 0)
        return gruvi__fail(err);
    if (hub->closing)
        return gruvi__fail(UV_ESHUTDOWN);
    if (!check_limit(hub))
        return gruvi__fail(UV_EAGAIN);
    gruvi__fiber_reap(hub);
    err = gruvi__stack_alloc(hub->arena,
                             options == NULL ? 0 : options->stack_size, &stack);
    if (err < 0) {
        if (err != UV_EINVAL)
            gruvi_warning("no more fibers: %s", gruvi__arena_error(hub->arena));
        return gruvi__fail(err);
    }
    fiber = gruvi__stack_control(stack, gruvi_fiber_t, stack);
    gruvi__fiber_init(fiber, hub, GRUVI__FIBER);
    set_name(fiber, options == NULL ? NULL : options->name);
    fiber->target = target;
    fiber->arg = arg;
    fiber->id = ++hub->next_id;
    gruvi__context_make(&fiber->context, stack->low, fiber, entry);
    gruvi__tools_init(&fiber->tools, stack->low,
                      (size_t)((char *)(stack + 1) - stack->low));
    gruvi__list_add(&hub->fibers, &fiber->all_link);
    hub->live++;
    hub->blocks++;
    return fiber;
}

/* Give the memory of a fiber to the cache. */
void
gruvi__fiber_release(gruvi_fiber_t *fiber)
{
    gruvi_hub_t *hub = fiber->hub;

    gruvi__tools_destroy(&fiber->tools);
    gruvi__stack_release(hub->arena, &fiber->stack);
    if (--hub->blocks == 0 && hub->closed) {
        gruvi__arena_free(hub->arena);
        gruvi_hub_unref(hub);
    }
}

/* Nobody holds it, but perhaps the inbox does. */
static void
part(gruvi_fiber_t *fiber)
{
    if (gruvi__unlikely(__atomic_load_n(&fiber->wake_posted, __ATOMIC_SEQ_CST)))
        fiber->parted = true;
    else
        gruvi__fiber_release(fiber);
}

/* Those that ended while they ran. */
void
gruvi__fiber_reap(gruvi_hub_t *hub)
{
    gruvi_fiber_t *fiber;

    while ((fiber = hub->dead) != NULL) {
        hub->dead = fiber->next;
        part(fiber);
    }
}

gruvi_fiber_t *
gruvi_fiber_ref(gruvi_fiber_t *fiber)
{
    fiber->refs++;
    return fiber;
}

void
gruvi_fiber_unref(gruvi_fiber_t *fiber)
{
    if (fiber == NULL || fiber->kind != GRUVI__FIBER || --fiber->refs > 0)
        return;
    if (!fiber->started && fiber->state != GRUVI__DEAD) {
        /* Never started, and now it never will be. */
        fiber->state = GRUVI__DEAD;
        gruvi__list_remove(&fiber->all_link);
        fiber->hub->live--;
    }
    if (fiber == gruvi__self.current) {
        fiber->next = fiber->hub->dead;
        fiber->hub->dead = fiber;
    } else {
        part(fiber);
    }
}

/* group is where it belongs from now on; NULL: none. */
int
gruvi__fiber_start_in(gruvi_fiber_t *fiber, struct gruvi__group *group)
{
    int err;

    if (fiber->kind != GRUVI__FIBER)
        return UV_EINVAL;
    if (!gruvi__is_own(fiber->hub))
        return UV_EPERM;
    if (fiber->started)
        return UV_EALREADY;
    if (fiber->hub->closing && fiber->cancels == 0)
        return UV_ESHUTDOWN;
    if ((err = gruvi__group_enter(fiber, group)) < 0)
        return err;
    fiber->started = true;
    fiber->refs++;
    fiber->state = GRUVI__WAITING;
    gruvi__ready(fiber);
    return 0;
}

int
gruvi_fiber_start(gruvi_fiber_t *fiber)
{
    gruvi_fiber_t *current = gruvi__self.current;

    if (fiber == NULL)
        return UV_EINVAL;
    return gruvi__fiber_start_in(fiber,
                                 current == NULL ? NULL : current->group);
}

gruvi_fiber_t *
gruvi_spawn_ex(gruvi_fiber_fn target, void *arg,
               const gruvi_fiber_options_t *options)
{
    gruvi_fiber_t *fiber = gruvi_fiber_new(target, arg, options);
    int err;

    if (fiber == NULL)
        return NULL;
    err = gruvi_fiber_start(fiber);
    if (err < 0) {
        gruvi_fiber_unref(fiber);
        return gruvi__fail(err);
    }
    return fiber;
}

gruvi_fiber_t *
gruvi_spawn(gruvi_fiber_fn target, void *arg)
{
    return gruvi_spawn_ex(target, arg, NULL);
}

int
gruvi_fiber_cancel(gruvi_fiber_t *fiber, const char *message)
{
    if (fiber == NULL || fiber->kind != GRUVI__FIBER)
        return UV_EINVAL;
    if (!gruvi__is_own(fiber->hub))
        return UV_EPERM;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    fiber->was_cancelled = true;
    if (fiber->cancels < UINT16_MAX)
        fiber->cancels++;
    gruvi__fiber_set_message(fiber->thrown_message, message);
    gruvi__interrupt(fiber, GRUVI__PENDING_CANCEL);
    if (!fiber->started)
        return gruvi__fiber_start_in(fiber, NULL);
    return 0;
}

/* What gruvi_fiber_switch() and gruvi_fiber_throw() have in common. */
static int
check_callback(const gruvi_fiber_t *fiber)
{
    if (fiber == NULL || fiber->kind == GRUVI__HUB)
        return UV_EINVAL;
    if (!gruvi__in_callback() || !gruvi__is_own(fiber->hub))
        return UV_EPERM;
    return 0;
}

/* Start one that was not, so that it runs first in this turn. */
static int
start_first(gruvi_fiber_t *fiber)
{
    if (fiber->hub->closing && fiber->pending == 0)
        return UV_ESHUTDOWN;
    fiber->started = true;
    fiber->refs++;
    fiber->state = GRUVI__WAITING;
    gruvi__ready_first(fiber);
    return 0;
}

int
gruvi_fiber_switch(gruvi_fiber_t *fiber, void *value)
{
    int err = check_callback(fiber);

    if (err < 0)
        return err;
    if (fiber->state == GRUVI__NEW)
        return start_first(fiber);
    if (fiber->state != GRUVI__WAITING || !fiber->in_switch)
        return UV_EBUSY;
    fiber->switch_value = value;
    fiber->switched = true;
    fiber->arrived = 1;
    gruvi__ready_first(fiber);
    return 0;
}

int
gruvi_fiber_throw(gruvi_fiber_t *fiber, int err, const char *message)
{
    int refused = check_callback(fiber);

    if (refused < 0)
        return refused;
    if (err >= 0)
        return UV_EINVAL;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    if (fiber->pending & GRUVI__PENDING_THROW)
        return UV_EBUSY;
    fiber->throw_error = err;
    gruvi__fiber_set_message(fiber->thrown_message, message);
    fiber->pending |= GRUVI__PENDING_THROW;
    if (fiber->state == GRUVI__NEW)
        return start_first(fiber);
    if (fiber->shield == 0)
        gruvi__ready_first(fiber);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvi_fiber_join(gruvi_fiber_t *fiber, double timeout)
{
    struct gruvi__joiner joiner = {.granted = 0};
    int err = gruvi__enter(__func__, &joiner.fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (fiber == NULL || fiber->kind != GRUVI__FIBER || fiber == joiner.fiber)
        return UV_EINVAL;
    if (!gruvi__is_own(fiber->hub))
        return UV_EPERM;
    if (fiber->state == GRUVI__DEAD)
        return 0;
    gruvi__list_add(&fiber->joiners, &joiner.link);
    gruvi_fiber_ref(fiber);
    err = gruvi__wait(joiner.fiber, &joiner.granted, "join", timeout);
    gruvi__list_remove(&joiner.link);
    gruvi_fiber_unref(fiber);
    return err;
}

/* "Fiber-N", by means that a signal handler may use. */
static void
make_name(char *name, uint64_t id)
{
    char digits[20];
    size_t n = 0;

    do
        digits[n++] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    memcpy(name, "Fiber-", 6);
    for (name += 6; n > 0;)
        *name++ = digits[--n];
    *name = '\0';
}

const char *
gruvi_fiber_name(const gruvi_fiber_t *fiber)
{
    /* Made when asked for: the block is ours, whatever the handle says. */
    char *name = ((gruvi_fiber_t *)fiber)->name;

    if (fiber->kind == GRUVI__ROOT)
        return "Root";
    if (fiber->kind == GRUVI__HUB)
        return "Hub";
    if (name[0] == '\0')
        make_name(name, fiber->id);
    return name;
}

bool
gruvi_fiber_alive(const gruvi_fiber_t *fiber)
{
    return fiber->state != GRUVI__DEAD;
}

bool
gruvi_fiber_cancelled(const gruvi_fiber_t *fiber)
{
    return fiber->was_cancelled;
}

int
gruvi_fiber_status(const gruvi_fiber_t *fiber)
{
    return fiber->state == GRUVI__DEAD ? fiber->status : UV_EBUSY;
}

const char *
gruvi_fiber_waiting_for(const gruvi_fiber_t *fiber)
{
    return fiber->state == GRUVI__WAITING ? fiber->waiting_for : "";
}

gruvi_fiber_t *
gruvi_fiber_parent(const gruvi_fiber_t *fiber)
{
    switch (fiber->kind) {
    case GRUVI__ROOT:
        return NULL;
    case GRUVI__HUB:
        return fiber->hub->root;
    default:
        return &fiber->hub->fiber;
    }
}

gruvi_fiber_t *
gruvi_current_fiber(void)
{
    if (gruvi__likely(gruvi__self.current != NULL))
        return gruvi__self.current;
    return gruvi__root_fiber();
}

int
gruvi_set_stack_size(size_t bytes)
{
    return gruvi__stack_set_default_size(bytes == 0 ? GRUVI__STACK_DEFAULT
                                                    : bytes);
}

const char *
gruvi_stack_guard(size_t *ceiling)
{
    if (ceiling != NULL)
        *ceiling = gruvi__stack_ceiling();
    return gruvi__stack_guard_mode();
}
