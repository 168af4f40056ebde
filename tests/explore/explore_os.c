/* SPDX-License-Identifier: MIT */
/* Work in the shared pools, signals and descriptors: also of hubs that close or
 * are abandoned meanwhile. */
#include <signal.h>
#include <unistd.h>

#include "base/list.h"
#include "core/signals.h"
#include "explore/explore.h"
#include "explore/sim.h"

/* --- work in the shared pools ----------------------------------------------
 */

struct job {
    gruvi_hub_t *hub;
    int (*fiber)(void *arg);
    int ran, released;
    bool returned, interrupted;
    gruvi_event_t over;
};

static int
work(void *arg, void **result)
{
    struct job *shared = arg;

    sim_point();
    shared->ran++;
    *result = shared;
    return 0;
}

static void
release(void *arg, void *result)
{
    struct job *shared = arg;

    sim_assert(result == (shared->ran > 0 ? shared : NULL));
    shared->released++;
    gruvi_event_set(&shared->over);
}

static void
check_end(struct job *shared, int err, const void *result)
{
    sim_assert(err == UV_ECANCELED || err == UV_ESHUTDOWN ||
               (err == 0 && result == shared && shared->ran == 1));
    shared->returned = true;
    shared->interrupted = err < 0;
    if (err == 0)
        gruvi_event_set(&shared->over);
}

static int
do_or_abandon(void *arg)
{
    struct job *shared = arg;
    void *result;
    int err = sim_wait(gruvi_blocking_abandon(work, shared, release, &result));

    check_end(shared, err, result);
    return 0;
}

static int
cancel_work(void *arg)
{
    struct job *shared = arg;
    gruvi_fiber_t *fiber = gruvi_spawn(do_or_abandon, shared);

    gruvi_sleep(0);
    gruvi_fiber_cancel(fiber, NULL);
    sim_assert(gruvi_fiber_join(fiber, GRUVI_FOREVER) == 0);
    gruvi_fiber_unref(fiber);
    sim_assert(gruvi_event_wait(&shared->over, GRUVI_FOREVER) == 0);
    sim_assert(shared->released == shared->interrupted);
    return 0;
}

/* Who has the result is decided once. */
static void
io_abandon(void)
{
    struct job shared = {.ran = 0};

    gruvi_event_init(&shared.over);
    sim_end(sim_begin_hub(cancel_work, &shared));
    sim_renew_pool(gruvi_get_io_pool());
}

static int
begin_job(void *arg)
{
    struct job *shared = arg;

    shared->hub = gruvi_get_hub();
    sim_assert(gruvi_go(shared->fiber, shared) == 0);
    gruvi_sleep(0);
    return 0;
}

static int
begin_job_and_close(void *arg)
{
    struct job *shared = arg;

    begin_job(shared);
    sim_assert(gruvi_hub_close(shared->hub) == 0);
    return 0;
}

static void
close_during(struct job *shared)
{
    gruvi_event_init(&shared->over);
    sim_end(sim_begin_hub(begin_job_and_close, shared));
    sim_assert(shared->returned);
    sim_renew_pool(gruvi_get_io_pool());
}

/* The hub closes, and does not wait for the work. */
static void
io_close(void)
{
    struct job shared = {.fiber = do_or_abandon};

    close_during(&shared);
    sim_assert(shared.released == shared.interrupted);
}

static int
do_blocking(void *arg)
{
    struct job *shared = arg;
    void *result;
    int err = sim_wait(gruvi_blocking(work, shared, &result));

    check_end(shared, err, result);
    return 0;
}

/* Here it does, where the work has begun. */
static void
blocking_close(void)
{
    struct job shared = {.fiber = do_blocking};

    close_during(&shared);
    sim_assert(shared.ran == !shared.interrupted);
}

/* It does not end before its thread. */
static int
do_computing(void *arg)
{
    struct job *shared = arg;
    void *result;

    gruvi_compute(work, shared, &result);
    gruvi_event_wait(&shared->over, GRUVI_FOREVER);
    shared->returned = true;
    return 0;
}

static int
begin_job_and_end(void *arg)
{
    struct job *shared = arg;

    sim_end_openly();
    begin_job(shared);
    gruvi_hub_ref(shared->hub);
    return 0;
}

/* The thread of a hub ends while a pool works for a fiber there. */
static void
compute_abandon(void)
{
    struct job shared = {.fiber = do_computing};

    sim_expect_log("fibers are abandoned");
    gruvi_event_init(&shared.over);
    sim_end(sim_begin(begin_job_and_end, &shared));
    sim_renew_pool(gruvi_get_cpu_pool());
    sim_assert(shared.ran == 1 && !shared.returned);
    sim_reclaim(shared.hub);
    gruvi_hub_unref(shared.hub);
    sim_assert(sim_is_freed(shared.hub));
}

/* --- signals -------------------------------------------------------------- */

struct signals {
    gruvi_hub_t *hub;
    gruvi_event_t ready; /* all listen */
    int listening;
};

struct heard {
    struct gruvi__signal_listener listener;
    gruvi_event_t event;
};

static void
on_signals(struct gruvi__signal_listener *listener, uint64_t came)
{
    sim_assert(came == listener->wanted);
    gruvi_event_set(
        &gruvi__list_entry(listener, struct heard, listener)->event);
}

static void
listen_to(struct heard *heard)
{
    *heard = (struct heard){.listener = {
                                .wanted = gruvi__signal_bit(SIGUSR1),
                                .fn = on_signals,
                            }};
    gruvi_event_init(&heard->event);
    sim_assert(gruvi__signals_listen(gruvi_get_hub(), &heard->listener) == 0);
}

static int
hear_signal(void *arg)
{
    struct signals *shared = arg;
    struct heard heard;

    listen_to(&heard);
    if (++shared->listening == 2)
        gruvi_event_set(&shared->ready);
    sim_assert(gruvi_event_wait(&heard.event, GRUVI_FOREVER) == 0);
    gruvi__signals_unlisten(gruvi_get_hub(), &heard.listener);
    return 0;
}

/* Both hubs hear the same signal. */
static void
signals_two(void)
{
    struct signals shared = {.listening = 0};
    struct sim_thread *first, *second;

    gruvi_event_init(&shared.ready);
    first = sim_begin_hub(hear_signal, &shared);
    second = sim_begin_hub(hear_signal, &shared);
    sim_assert(gruvi_event_wait(&shared.ready, GRUVI_FOREVER) == 0);
    raise(SIGUSR1);
    sim_end(first);
    sim_end(second);
}

static int
raise_two(void *arg)
{
    (void)arg;
    raise(SIGUSR1);
    raise(SIGUSR1);
    return 0;
}

static int
listen_and_end(void *arg)
{
    struct signals *shared = arg;
    struct heard heard;

    sim_end_openly();
    shared->hub = gruvi_get_hub();
    listen_to(&heard);
    gruvi_event_set(&shared->ready);
    gruvi__signals_unlisten(shared->hub, &heard.listener);
    return 0;
}

/* No handler uses a hub that is gone. */
static void
signals_close(void)
{
    struct signals shared = {.listening = 0};
    struct sim_thread *hub;

    signal(SIGUSR1, SIG_IGN);
    gruvi_event_init(&shared.ready);
    hub = sim_begin(listen_and_end, &shared);
    sim_assert(gruvi_event_wait(&shared.ready, GRUVI_FOREVER) == 0);
    raise_two(NULL);
    sim_end(hub);
    sim_assert(sim_is_freed(shared.hub));
}

/* --- descriptors ---------------------------------------------------------- */

struct pipe {
    int fds[2];
    int heard;
};

static void
write_byte(struct pipe *shared)
{
    sim_point();
    sim_assert(write(shared->fds[1], "", 1) == 1);
}

static int
wait_readable(void *arg)
{
    struct pipe *shared = arg;
    int result = gruvi_wait_fd(shared->fds[0], UV_READABLE, GRUVI_FOREVER);

    sim_assert(result == UV_READABLE || result == UV_ECANCELED ||
               result == UV_ESHUTDOWN);
    shared->heard += result == UV_READABLE;
    return 0;
}

static int
close_during_wait(void *arg)
{
    gruvi_hub_t *hub = gruvi_get_hub();

    sim_assert(gruvi_go(wait_readable, arg) == 0);
    gruvi_sleep(0);
    sim_assert(gruvi_hub_close(hub) == 0);
    return 0;
}

/* Two hubs, of which the second may close, wait for one descriptor. */
static void
share_pipe(int (*second)(void *arg), int least)
{
    struct pipe shared = {.heard = 0};
    struct sim_thread *hubs[2];

    sim_assert(pipe(shared.fds) == 0);
    hubs[0] = sim_begin_hub(wait_readable, &shared);
    hubs[1] = sim_begin_hub(second, &shared);
    write_byte(&shared);
    sim_end(hubs[0]);
    sim_end(hubs[1]);
    sim_assert(shared.heard >= least);
    close(shared.fds[0]);
    close(shared.fds[1]);
}

static void
fd_two(void)
{
    share_pipe(wait_readable, 2);
}

static void
fd_close(void)
{
    share_pipe(close_during_wait, 1);
}

const struct sim_case sim_cases[] = {
    {"io_abandon", io_abandon},
    {"io_close", io_close},
    {"blocking_close", blocking_close},
    {"compute_abandon", compute_abandon},
    {"signals_two", signals_two},
    {"signals_close", signals_close},
    {"fd_two", fd_two},
    {"fd_close", fd_close},
    {NULL, NULL},
};
