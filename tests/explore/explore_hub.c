/* SPDX-License-Identifier: MIT */
/* What other threads do to a hub: callbacks, switch backs; and what all share.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/forks.h"
#include "base/list.h"
#include "core/signals.h"
#include "explore/explore.h"
#include "explore/sim.h"

/* --- callbacks ------------------------------------------------------------ */

struct posts {
    gruvi_hub_t *hub;
    gruvi_event_t all; /* of the hub's thread */
    int accepted, ran, expected;
    int users;
};

static void
on_post(void *arg)
{
    struct posts *shared = arg;

    if (++shared->ran == shared->expected)
        gruvi_event_set(&shared->all);
}

/* Posts two callbacks, and lets go of the hub. */
static int
post_two(void *arg)
{
    struct posts *shared = arg;
    int err;

    for (int i = 0; i < 2; i++) {
        err = gruvi_hub_run_callback(shared->hub, on_post, shared);
        sim_assert(err == 0 || err == UV_ESHUTDOWN);
        shared->accepted += err == 0;
    }
    gruvi_hub_unref(shared->hub);
    return 0;
}

static void
begin_posters(struct posts *shared, struct sim_thread **posters)
{
    shared->hub = gruvi_get_hub();
    gruvi_event_init(&shared->all);
    for (int i = 0; i < 2; i++) {
        gruvi_hub_ref(shared->hub);
        posters[i] = sim_begin(post_two, shared);
    }
}

static int
await_posts(void *arg)
{
    struct posts *shared = arg;
    struct sim_thread *posters[2];

    shared->expected = 4;
    begin_posters(shared, posters);
    sim_assert(gruvi_event_wait(&shared->all, GRUVI_FOREVER) == 0);
    sim_assert(shared->ran == 4);
    sim_end(posters[0]);
    sim_end(posters[1]);
    return 0;
}

/* A hub that sleeps is woken. */
static void
hub_post(void)
{
    struct posts shared = {.ran = 0};

    sim_end(sim_begin_hub(await_posts, &shared));
    sim_assert(shared.accepted == 4);
}

static int
close_while_posted(void *arg)
{
    struct posts *shared = arg;
    struct sim_thread *posters[2];

    begin_posters(shared, posters);
    sim_assert(gruvi_hub_close(gruvi_get_hub()) == 0);
    sim_end(posters[0]);
    sim_end(posters[1]);
    sim_assert(shared->ran == shared->accepted);
    return 0;
}

/* What is accepted is run, and nothing else. */
static void
hub_close(void)
{
    struct posts shared = {.ran = 0};

    sim_end(sim_begin_hub(close_while_posted, &shared));
}

/* --- switch backs --------------------------------------------------------- */

struct back {
    uv_mutex_t lock;
    gruvi_switch_back_t sb;
    double timeout;
    int value;
    bool throws;
};

static int
switch_back(void *arg)
{
    struct back *shared = arg;

    if (shared->throws)
        gruvi_switch_back_throw(&shared->sb, UV_EIO, "thrown");
    else
        gruvi_switch_back_switch(&shared->sb, &shared->value);
    return 0;
}

static int
await_switch(void *arg)
{
    struct back *shared = arg;
    gruvi_hub_t *hub = gruvi_get_hub();
    struct sim_thread *thread;
    void *value;
    int err;

    gruvi_switch_back_init_ex(&shared->sb, shared->timeout, hub, &shared->lock);
    thread = sim_begin(switch_back, shared);
    err = gruvi_hub_switch(hub, &value);
    gruvi_switch_back_exit(&shared->sb);
    if (err == UV_ETIMEDOUT)
        sim_assert(shared->timeout > 0);
    else if (shared->throws)
        sim_assert(err == UV_EIO);
    else
        sim_assert(err == 0 && value == &shared->value);
    /* What comes late does nothing. */
    gruvi_sleep(0);
    sim_end(thread);
    return 0;
}

static void
switch_to(double timeout, bool throws)
{
    struct back shared = {.timeout = timeout, .throws = throws};

    uv_mutex_init(&shared.lock);
    sim_end(sim_begin_hub(await_switch, &shared));
    uv_mutex_destroy(&shared.lock);
}

static void
switch_back_switch(void)
{
    switch_to(GRUVI_FOREVER, false);
}

static void
switch_back_timeout(void)
{
    switch_to(1, false);
}

static void
switch_back_throw(void)
{
    switch_to(1, true);
}

/* Two in a row: a wake-up for the first one is not taken for the second's. */
static int
await_two_switches(void *arg)
{
    struct back *shared = arg;

    for (int i = 0; i < 2; i++)
        await_switch(&shared[i]);
    return 0;
}

static void
switch_back_twice(void)
{
    struct back shared[2] = {{.timeout = -1}, {.timeout = -1}};

    uv_mutex_init(&shared[0].lock);
    uv_mutex_init(&shared[1].lock);
    sim_end(sim_begin_hub(await_two_switches, shared));
}

struct two_backs {
    struct back first, second;
};

static int
switch_both(void *arg)
{
    struct two_backs *shared = arg;

    switch_back(&shared->first);
    switch_back(&shared->second);
    return 0;
}

static int
await_first(void *arg)
{
    struct back *shared = arg;
    gruvi_hub_t *hub = gruvi_get_hub();
    void *value;

    sim_assert(gruvi_hub_switch(hub, &value) == 0);
    sim_assert(value == &shared->value);
    return 0;
}

/* One fiber, two switch backs: the inner one first.  The outer one's value may
 * come while the fiber is being woken for the inner one's. */
static int
await_inner(void *arg)
{
    struct two_backs *shared = arg;
    gruvi_hub_t *hub = gruvi_get_hub();
    struct sim_thread *thread;

    gruvi_switch_back_init_ex(&shared->second.sb, -1, hub,
                              &shared->second.lock);
    gruvi_switch_back_init_ex(&shared->first.sb, -1, hub, &shared->first.lock);
    thread = sim_begin(switch_both, shared);
    await_first(&shared->first);
    gruvi_switch_back_exit(&shared->first.sb);
    await_first(&shared->second);
    gruvi_switch_back_exit(&shared->second.sb);
    sim_end(thread);
    return 0;
}

static void
switch_back_inner(void)
{
    struct two_backs shared = {.first = {.timeout = -1}};

    uv_mutex_init(&shared.first.lock);
    uv_mutex_init(&shared.second.lock);
    sim_end(sim_begin_hub(await_inner, &shared));
}

/* --- signals -------------------------------------------------------------- */

struct signals {
    struct gruvi__signal_listener listener;
    gruvi_event_t all;
    uint64_t came;
};

static void
on_signals(struct gruvi__signal_listener *listener, uint64_t came)
{
    struct signals *shared =
        gruvi__list_entry(listener, struct signals, listener);

    shared->came |= came;
    if (shared->came == listener->wanted)
        gruvi_event_set(&shared->all);
}

/* The handlers run in this thread. */
static int
raise_both(void *arg)
{
    (void)arg;
    raise(SIGUSR1);
    raise(SIGUSR2);
    return 0;
}

static int
await_signals(void *arg)
{
    struct signals *shared = arg;
    gruvi_hub_t *hub = gruvi_get_hub();
    struct sim_thread *thread;

    sim_assert(gruvi__signals_listen(hub, &shared->listener) == 0);
    thread = sim_begin(raise_both, NULL);
    sim_assert(gruvi_event_wait(&shared->all, GRUVI_FOREVER) == 0);
    sim_end(thread);
    gruvi__signals_unlisten(hub, &shared->listener);
    return 0;
}

/* A hub that sleeps, or has just been woken for the first one, hears both. */
static void
hub_signals(void)
{
    struct signals shared = {
        .listener = {.wanted = gruvi__signal_bit(SIGUSR1) |
                               gruvi__signal_bit(SIGUSR2),
                     .fn = on_signals},
    };

    gruvi_event_init(&shared.all);
    sim_end(sim_begin_hub(await_signals, &shared));
}

/* --- forks -----------------------------------------------------------------
 */

static bool holds; /* a thread does what no fork may come between */

static int
hold_forks(void *arg)
{
    uint16_t since = *(uint16_t *)arg;

    if (gruvi__forks_hold(since)) {
        holds = true;
        sim_point();
        holds = false;
        gruvi__forks_go_on();
    }
    return 0;
}

/* A child has no copy of what a thread is about to close. */
static void
forks_hold(void)
{
    uint16_t since = gruvi__forks();
    struct sim_thread *thread = sim_begin(hold_forks, &since);
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(holds);
    sim_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
    sim_assert(status == 0);
    sim_end(thread);
}

/* --- fiber-local variables ------------------------------------------------ */

static gruvi_local_t *variable;

static int
use_variable(void *arg)
{
    void *value = NULL;

    sim_assert(gruvi_local_set(variable, arg) == 0);
    sim_assert(gruvi_local_get(variable, &value) == 0 && value == arg);
    return 0;
}

/* The first use gives it a number, which is the same for all. */
static void
local_first(void)
{
    struct sim_thread *hub, *thread;
    gruvi_local_t local;
    int value;

    gruvi_local_init(&local, NULL);
    variable = &local;
    hub = sim_begin_hub(use_variable, &value);
    thread = sim_begin(use_variable, &local);
    use_variable(&value);
    use_variable(&value);
    sim_end(hub);
    sim_end(thread);
}

const struct sim_case sim_cases[] = {
    {"hub_post", hub_post},
    {"hub_close", hub_close},
    {"hub_signals", hub_signals},
    {"switch_back", switch_back_switch},
    {"switch_back_timeout", switch_back_timeout},
    {"switch_back_throw", switch_back_throw},
    {"switch_back_twice", switch_back_twice},
    {"switch_back_inner", switch_back_inner},
    {"forks_hold", forks_hold},
    {"local_first", local_first},
    {NULL, NULL},
};
