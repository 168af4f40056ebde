/* SPDX-License-Identifier: MIT */
/* Hubs that close, or are abandoned, while other threads use them and what
 * their fibers wait for. */
#include "explore/explore.h"
#include "explore/sim.h"

struct ends {
    gruvi_hub_t *hub;
    struct sim_thread *user; /* which does this: */
    int (*use)(void *arg);
    int (*fiber)(void *arg); /* while a fiber of the hub does this */
    gruvi_event_t event;
    gruvi_lock_t lock;
    gruvi_semaphore_t semaphore;
    gruvi_queue_t queue;
    gruvi_future_t *future;
    gruvi_switch_back_t sb;
    uv_mutex_t sb_lock;
    int accepted, ran, got, called;
};

static void
init_ends(struct ends *shared)
{
    gruvi_event_init(&shared->event);
    gruvi_lock_init(&shared->lock);
    gruvi_semaphore_init(&shared->semaphore, 0);
    gruvi_queue_init(&shared->queue, GRUVI_QUEUE_FIFO, 0);
    uv_mutex_init(&shared->sb_lock);
}

static void
destroy_ends(struct ends *shared)
{
    uv_mutex_destroy(&shared->sb_lock);
    gruvi_queue_destroy(&shared->queue);
    gruvi_semaphore_destroy(&shared->semaphore);
    gruvi_lock_destroy(&shared->lock);
    gruvi_event_destroy(&shared->event);
}

static void
on_post(void *arg)
{
    struct ends *shared = arg;

    shared->ran++;
}

static void
post(struct ends *shared)
{
    int err = gruvi_hub_run_callback(shared->hub, on_post, shared);

    sim_assert(err == 0 || err == UV_ESHUTDOWN);
    shared->accepted += err == 0;
}

static int
set_event(void *arg)
{
    struct ends *shared = arg;

    gruvi_event_set(&shared->event);
    return 0;
}

static int
wait_event(void *arg)
{
    struct ends *shared = arg;
    int err = gruvi_event_wait(&shared->event, GRUVI_FOREVER);

    sim_assert(err == 0 || err == UV_ECANCELED || err == UV_ESHUTDOWN);
    return 0;
}

/* --- references ----------------------------------------------------------- */

static int
post_and_unref(void *arg)
{
    struct ends *shared = arg;

    post(shared);
    gruvi_hub_unref(shared->hub);
    return 0;
}

static int
lend_hub(void *arg)
{
    struct ends *shared = arg;

    sim_end_openly();
    shared->hub = gruvi_hub_ref(gruvi_get_hub());
    shared->user = sim_begin(post_and_unref, shared);
    return 0;
}

/* The thread of a hub ends, which closes it, while another one has it. */
static void
hub_lent(void)
{
    struct ends shared = {.ran = 0};

    sim_end(sim_begin(lend_hub, &shared));
    sim_end(shared.user);
    sim_assert(shared.ran == shared.accepted);
    sim_assert(sim_is_freed(shared.hub));
}

static int
keep_fiber(void *arg)
{
    struct ends *shared = arg;
    gruvi_fiber_t *fiber;

    sim_end_openly();
    shared->hub = gruvi_get_hub();
    fiber = gruvi_spawn(wait_event, shared);
    gruvi_sleep(0);
    shared->user = sim_begin(set_event, shared);
    sim_assert(gruvi_hub_close(shared->hub) == 0);
    sim_assert(!gruvi_fiber_alive(fiber));
    gruvi_fiber_unref(fiber);
    return 0;
}

/* A fiber that was woken by another thread is kept beyond its hub. */
static void
fiber_kept(void)
{
    struct ends shared = {.ran = 0};

    init_ends(&shared);
    sim_end(sim_begin(keep_fiber, &shared));
    sim_end(shared.user);
    sim_assert(sim_is_freed(shared.hub));
    destroy_ends(&shared);
}

/* --- hubs that are abandoned ---------------------------------------------- */

/* A thread ends without closing its hub, and a fiber waits there. */
static int
abandon_hub(void *arg)
{
    struct ends *shared = arg;

    sim_end_openly();
    shared->hub = gruvi_hub_ref(gruvi_get_hub());
    sim_assert(gruvi_go(shared->fiber, shared) == 0);
    gruvi_sleep(0);
    shared->user = sim_begin(shared->use, shared);
    post(shared);
    return 0;
}

static void
abandon_while(struct ends *shared)
{
    sim_expect_log("fibers are abandoned");
    init_ends(shared);
    sim_end(sim_begin(abandon_hub, shared));
    sim_end(shared->user);
    sim_reclaim(shared->hub);
    gruvi_hub_unref(shared->hub);
    sim_assert(sim_is_freed(shared->hub));
}

static int
post_and_wake(void *arg)
{
    struct ends *shared = arg;

    post(shared);
    gruvi_event_set(&shared->event);
    post(shared);
    return 0;
}

/* What it has accepted has run; what its fibers wait for may come. */
static void
abandon_posts(void)
{
    struct ends shared = {.use = post_and_wake, .fiber = wait_event};

    abandon_while(&shared);
    sim_assert(shared.ran == shared.accepted);
    destroy_ends(&shared);
}

static void
on_done(gruvi_future_t *f, void *arg)
{
    struct ends *shared = arg;

    sim_assert(gruvi_future_done(f));
    shared->called++;
}

static int
wait_future(void *arg)
{
    struct ends *shared = arg;

    sim_assert(
        gruvi_future_add_done_callback(shared->future, on_done, shared) == 0);
    gruvi_future_result(shared->future, NULL, GRUVI_FOREVER);
    return 0;
}

static int
settle(void *arg)
{
    struct ends *shared = arg;

    sim_assert(gruvi_future_set_result(shared->future, NULL) == 0);
    return 0;
}

static void
abandon_future(void)
{
    struct ends shared = {.use = settle, .fiber = wait_future};

    shared.future = gruvi_future_new();
    abandon_while(&shared);
    sim_assert(shared.called <= 1);
    gruvi_future_unref(shared.future);
    sim_assert(sim_is_freed(shared.future));
    destroy_ends(&shared);
}

static int
wait_switch(void *arg)
{
    struct ends *shared = arg;
    int err;

    gruvi_switch_back_init_ex(&shared->sb, GRUVI_FOREVER, NULL,
                              &shared->sb_lock);
    err = gruvi_hub_switch(gruvi_get_hub(), NULL);
    gruvi_switch_back_exit(&shared->sb);
    sim_assert(err == 0 || err == UV_ECANCELED || err == UV_ESHUTDOWN);
    return 0;
}

static int
switch_back(void *arg)
{
    struct ends *shared = arg;

    gruvi_switch_back_switch(&shared->sb, NULL);
    return 0;
}

static void
abandon_switch_back(void)
{
    struct ends shared = {.use = switch_back, .fiber = wait_switch};

    abandon_while(&shared);
    destroy_ends(&shared);
}

/* --- hubs that close ------------------------------------------------------ */

static int
close_hub(void *arg)
{
    struct ends *shared = arg;

    shared->hub = gruvi_get_hub();
    sim_assert(gruvi_go(shared->fiber, shared) == 0);
    gruvi_sleep(0);
    shared->user = sim_begin(shared->use, shared);
    sim_assert(gruvi_hub_close(shared->hub) == 0);
    return 0;
}

static void
close_while(struct ends *shared)
{
    sim_end(sim_begin_hub(close_hub, shared));
    sim_end(shared->user);
}

static int
wait_in_shield(void *arg)
{
    struct ends *shared = arg;

    GRUVI_SHIELD {
        sim_assert(gruvi_event_wait(&shared->event, GRUVI_FOREVER) == 0);
        shared->got++;
    }
    return 0;
}

/* A hub that closes is woken for what its fibers cannot leave. */
static void
close_shield(void)
{
    struct ends shared = {.use = set_event, .fiber = wait_in_shield};

    init_ends(&shared);
    close_while(&shared);
    sim_assert(shared.got == 1);
    destroy_ends(&shared);
}

/* Whether a wait has got what it was for. */
static int
has_got(int err)
{
    sim_assert(err == 0 || err == UV_ECANCELED || err == UV_ESHUTDOWN);
    return err == 0;
}

static int
use_lock(void *arg)
{
    struct ends *shared = arg;

    sim_assert(gruvi_lock_acquire(&shared->lock, GRUVI_FOREVER) == 0);
    sim_assert(shared->got++ == 0);
    sim_point();
    shared->got--;
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

static int
wait_lock(void *arg)
{
    struct ends *shared = arg;
    int err;

    gruvi_sleep(0);
    err = gruvi_lock_acquire(&shared->lock, GRUVI_FOREVER);
    if (!has_got(err))
        return 0;
    sim_assert(shared->got == 0);
    sim_assert(gruvi_lock_release(&shared->lock) == 0);
    return 0;
}

static int
close_with_lock(void *arg)
{
    struct ends *shared = arg;

    shared->hub = gruvi_get_hub();
    shared->user = sim_begin(use_lock, shared);
    sim_assert(gruvi_go(wait_lock, shared) == 0);
    gruvi_sleep(0);
    gruvi_sleep(0);
    sim_assert(gruvi_hub_close(shared->hub) == 0);
    return 0;
}

/* Whom the hub cancels has the lock, or nobody has. */
static void
close_lock(void)
{
    struct ends shared = {.ran = 0};

    init_ends(&shared);
    sim_end(sim_begin_hub(close_with_lock, &shared));
    sim_end(shared.user);
    sim_assert(gruvi_lock_try_acquire(&shared.lock) == 0);
    sim_assert(gruvi_lock_release(&shared.lock) == 0);
    destroy_ends(&shared);
}

static int
release_permit(void *arg)
{
    struct ends *shared = arg;

    sim_assert(gruvi_semaphore_release(&shared->semaphore) == 0);
    return 0;
}

static int
wait_permit(void *arg)
{
    struct ends *shared = arg;

    shared->got =
        has_got(gruvi_semaphore_acquire(&shared->semaphore, GRUVI_FOREVER));
    return 0;
}

static void
close_semaphore(void)
{
    struct ends shared = {.use = release_permit, .fiber = wait_permit};

    init_ends(&shared);
    close_while(&shared);
    shared.got += gruvi_semaphore_try_acquire(&shared.semaphore) == 0;
    sim_assert(shared.got == 1);
    destroy_ends(&shared);
}

static int
put_two(void *arg)
{
    struct ends *shared = arg;

    for (int i = 0; i < 2; i++)
        sim_assert(
            gruvi_queue_put(&shared->queue, shared, NULL, GRUVI_FOREVER) == 0);
    return 0;
}

static int
wait_items(void *arg)
{
    struct ends *shared = arg;
    void *item;

    while (has_got(gruvi_queue_get(&shared->queue, &item, GRUVI_FOREVER)))
        shared->got++;
    return 0;
}

/* An item is got, or it is still there. */
static void
close_queue(void)
{
    struct ends shared = {.use = put_two, .fiber = wait_items};
    void *item;

    init_ends(&shared);
    close_while(&shared);
    while (gruvi_queue_try_get(&shared.queue, &item) == 0)
        shared.got++;
    sim_assert(shared.got == 2);
    destroy_ends(&shared);
}

/* Who has a switch back does not find a fiber that is gone. */
static void
close_switch_back(void)
{
    struct ends shared = {.use = switch_back, .fiber = wait_switch};

    init_ends(&shared);
    close_while(&shared);
    destroy_ends(&shared);
}

const struct sim_case sim_cases[] = {
    {"hub_lent", hub_lent},
    {"fiber_kept", fiber_kept},
    {"abandon_posts", abandon_posts},
    {"abandon_future", abandon_future},
    {"abandon_switch_back", abandon_switch_back},
    {"close_shield", close_shield},
    {"close_lock", close_lock},
    {"close_semaphore", close_semaphore},
    {"close_queue", close_queue},
    {"close_switch_back", close_switch_back},
    {NULL, NULL},
};
