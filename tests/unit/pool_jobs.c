/* SPDX-License-Identifier: MIT */
/* Work for a pool of threads. */
#include "unit/pool_jobs.h"

#include <string.h>
#include <unistd.h>

void
init_pool(struct gruvi__thread_pool *pool, unsigned max)
{
    gruvi_pool_options_t options = {.name = "test", .max_size = max};

    gruvi__thread_pool_init(pool, &options);
}

unsigned
size_of(struct gruvi__thread_pool *pool)
{
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(&pool->pool, &stats);
    return stats.size;
}

void
wait_for_size(struct gruvi__thread_pool *pool, unsigned size)
{
    while (size_of(pool) != size)
        usleep(500);
}

static int
run_job(void *arg, void **result)
{
    struct job *job = arg;

    __atomic_add_fetch(&job->ran, 1, __ATOMIC_RELAXED);
    pthread_getname_np(pthread_self(), job->thread, sizeof job->thread);
    if (job->name != NULL)
        record("%s", job->name);
    *result = job;
    gruvi_event_set(&job->begun);
    return gruvi_event_wait(&job->go, GRUVI_FOREVER);
}

static void
job_done(struct gruvi__work *work)
{
    gruvi_event_set(&gruvi__list_entry(work, struct job, work)->done);
}

void
init_job(struct job *job, const char *name)
{
    memset(job, 0, sizeof *job);
    job->name = name;
    job->work =
        (struct gruvi__work){.fn = run_job, .arg = job, .done = job_done};
}

void
add_job(struct gruvi__thread_pool *pool, struct job *job)
{
    ck_assert_int_eq(gruvi__workers_add(&pool->pool.workers, &job->work, NULL),
                     0);
}

void
begin_job(struct gruvi__thread_pool *pool, struct job *job, const char *name)
{
    init_job(job, name);
    add_job(pool, job);
    await(&job->begun);
}

void
end_job(struct job *job)
{
    gruvi_event_set(&job->go);
    await(&job->done);
    ck_assert_int_eq(job->ran, 1);
    ck_assert_int_eq(job->work.status, 0);
    ck_assert_ptr_eq(job->work.result, job);
}

void
await(gruvi_event_t *event)
{
    ck_assert_int_eq(gruvi_event_wait(event, GRUVI_FOREVER), 0);
}
