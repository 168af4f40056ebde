/* SPDX-License-Identifier: MIT */
/*
 * The two pools of the process, and the calls that wait for them.
 *
 * Blocking work takes any time and no processor, computing work needs a core
 * for each thread.  With a pool each, blocking work does not keep computing
 * work from running, and computing work has no more threads than there are
 * cores.
 *
 * A call lies on its caller's stack, and so does, as a rule, the argument of
 * its function.  So the call does not return while a thread may use them: the
 * work is withdrawn before a thread begins it, or the call waits for its end.
 */
#include <assert.h>
#include <pthread.h>

#include "base/list.h"
#include "base/threads.h"
#include "core/wait.h"
#include "core/waitlist.h"
#include "pool/thread_pool.h"

#define IO_THREADS 20

enum { CPU, IO };

static struct gruvi__thread_pool pools[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
lock_pools(void)
{
    gruvi__mutex_lock(&pools[CPU].pool.workers.lock);
    gruvi__mutex_lock(&pools[IO].pool.workers.lock);
}

static void
unlock_pools(void)
{
    gruvi__mutex_unlock(&pools[IO].pool.workers.lock);
    gruvi__mutex_unlock(&pools[CPU].pool.workers.lock);
}

static void
reset_pools(void)
{
    gruvi__thread_pool_reset(&pools[CPU]);
    gruvi__thread_pool_reset(&pools[IO]);
}

static void
init_pools(void)
{
    gruvi_pool_options_t cpu = {.name = "gruvi-cpu"};
    gruvi_pool_options_t io = {.name = "gruvi-io", .max_size = IO_THREADS};

    gruvi__thread_pool_init(&pools[CPU], &cpu);
    gruvi__thread_pool_init(&pools[IO], &io);
    pools[CPU].pool.is_shared = pools[IO].pool.is_shared = true;
    /* Without memory for this, a forked child has pools without threads. */
    pthread_atfork(lock_pools, unlock_pools, reset_pools);
}

static struct gruvi__thread_pool *
get_pool(int kind)
{
    gruvi__once(&once, init_pools);
    return &pools[kind];
}

gruvi_pool_t *
gruvi_get_cpu_pool(void)
{
    return &get_pool(CPU)->pool;
}

gruvi_pool_t *
gruvi_get_io_pool(void)
{
    return &get_pool(IO)->pool;
}

unsigned
gruvi__io_threads(void)
{
    struct gruvi__workers *io = &get_pool(IO)->pool.workers;
    unsigned max;

    gruvi__mutex_lock(&io->lock);
    max = io->max;
    gruvi__mutex_unlock(&io->lock);
    return max;
}

/* When the process exits, or unloads the library. */
__attribute__((destructor)) static void
close_pools(void)
{
    if (pools[CPU].pool.ops == NULL)
        return;
    gruvi__thread_pool_close(&pools[CPU]);
    gruvi__thread_pool_close(&pools[IO]);
}

int
gruvi_set_pool_sizes(unsigned cpu_threads, unsigned io_threads)
{
    if (cpu_threads > GRUVI__POOL_MAX || io_threads > GRUVI__POOL_MAX)
        return UV_EINVAL;
    gruvi__workers_set_max(&get_pool(CPU)->pool.workers,
                           cpu_threads != 0 ? cpu_threads
                                            : gruvi__pool_cores());
    gruvi__workers_set_max(&get_pool(IO)->pool.workers,
                           io_threads != 0 ? io_threads : IO_THREADS);
    return 0;
}

struct call {
    struct gruvi__work work;
    struct gruvi__waiter waiter;
};

static void
on_done(struct gruvi__work *work)
{
    struct call *call = gruvi__list_entry(work, struct call, work);
    bool claimed = gruvi__waiter_claim(&call->waiter);

    assert(claimed);
    (void)claimed;
    gruvi__waiter_wake(&call->waiter);
}

/* Returns 0 once the work is done, or why it was withdrawn. */
static int
wait_for(struct call *call, const char *what)
{
    bool done;

    if (call->waiter.fiber == NULL) {
        gruvi__waiter_through(&call->waiter, what);
        return 0;
    }
    gruvi__waiter_begin(&call->waiter, GRUVI_FOREVER);
    done = gruvi__waiter_run(&call->waiter, what);
    if (!done && !gruvi__work_withdraw(&call->work)) {
        gruvi__waiter_through(&call->waiter, what);
        done = true;
    }
    return gruvi__waiter_end(&call->waiter, done);
}

static int
run_in(int kind, struct call *call, gruvi_fiber_t *fiber)
{
    static const char *const what[] = {[CPU] = "CPU pool", [IO] = "IO pool"};
    gruvi_pool_t *pool = &get_pool(kind)->pool;
    int err;

    if (pool->ops->is_inside(pool)) {
        pool->ops->run_inside(pool, &call->work);
        return 0;
    }
    if ((err = gruvi__pool_deliver_pending(fiber, what[kind])) < 0)
        return err;
    gruvi__waiter_init(&call->waiter, fiber);
    err =
        gruvi__workers_add(&pool->workers, &call->work, gruvi__work_current());
    return err < 0 ? err : wait_for(call, what[kind]);
}

static int
call_pool(const char *function, int kind, gruvi_work_fn fn, void *arg,
          void **result)
{
    struct call call = {.work = {.fn = fn, .arg = arg, .done = on_done}};
    gruvi_fiber_t *fiber;
    int err;

    if (result != NULL)
        *result = NULL;
    if ((err = gruvi__enter_any(function, &fiber)) < 0)
        return err;
    if (fn == NULL)
        return UV_EINVAL;
    if ((err = run_in(kind, &call, fiber)) < 0)
        return err;
    if (result != NULL)
        *result = call.work.result;
    return call.work.status;
}

int
gruvi__blocking(const char *function, gruvi_work_fn fn, void *arg)
{
    return call_pool(function, IO, fn, arg, NULL);
}

GRUVI_SWITCHPOINT int
gruvi_blocking(gruvi_work_fn fn, void *arg, void **result)
{
    return call_pool(__func__, IO, fn, arg, result);
}

GRUVI_SWITCHPOINT int
gruvi_compute(gruvi_work_fn fn, void *arg, void **result)
{
    return call_pool(__func__, CPU, fn, arg, result);
}
