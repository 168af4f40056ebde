/* SPDX-License-Identifier: MIT */
/* Work that can be held up. */
#include "unit/jobs.h"

#include <string.h>

void
small_pools(void)
{
    ck_assert_int_eq(gruvi_set_pool_sizes(CPU_THREADS, IO_THREADS), 0);
}

int
run_job(void *arg, void **result)
{
    struct job *job = arg;

    __atomic_add_fetch(&job->ran, 1, __ATOMIC_SEQ_CST);
    pthread_getname_np(pthread_self(), job->thread, sizeof job->thread);
    pthread_sigmask(SIG_SETMASK, NULL, &job->blocked);
    *result = job;
    gruvi_event_set(&job->begun);
    ck_assert_int_eq(gruvi_event_wait(&job->go, GRUVI_FOREVER), 0);
    return job->status;
}

void
init_job(struct job *job)
{
    memset(job, 0, sizeof *job);
    job->pool = gruvi_blocking;
    job->result = job;
}

int
call_job(void *arg)
{
    struct job *job = arg;

    job->err = job->pool(run_job, job, &job->result);
    return 0;
}

gruvi_fiber_t *
begin_job(struct job *job)
{
    gruvi_fiber_t *fiber = spawn(call_job, job);

    ck_assert_int_eq(gruvi_event_wait(&job->begun, GRUVI_FOREVER), 0);
    return fiber;
}

void
fill(struct full *full)
{
    for (int n = 0; n < IO_THREADS; n++) {
        init_job(&full->jobs[n]);
        full->fibers[n] = begin_job(&full->jobs[n]);
    }
}

void
drain(struct full *full)
{
    for (int n = 0; n < IO_THREADS; n++) {
        gruvi_event_set(&full->jobs[n].go);
        ck_assert_int_eq(finish(full->fibers[n]), 0);
        ck_assert_int_eq(full->jobs[n].err, 0);
    }
}

struct party {
    int (*pool)(gruvi_work_fn fn, void *arg, void **result);
    gruvi_event_t full, over;
    int invited;
    int present, crowded; /* atomic */
};

static int
attend(void *arg, void **result)
{
    struct party *party = arg;
    int now = __atomic_add_fetch(&party->present, 1, __ATOMIC_SEQ_CST);

    (void)result;
    if (now > party->invited)
        __atomic_store_n(&party->crowded, 1, __ATOMIC_SEQ_CST);
    if (now == party->invited)
        gruvi_event_set(&party->full);
    gruvi_event_wait(&party->over, GRUVI_FOREVER);
    __atomic_sub_fetch(&party->present, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static int
go_to_party(void *arg)
{
    struct party *party = arg;

    return party->pool(attend, party, NULL);
}

void
give_party(int (*pool)(gruvi_work_fn fn, void *arg, void **result), int threads)
{
    struct party party = {.pool = pool, .invited = threads};
    gruvi_fiber_t *fibers[128];

    ck_assert_int_le(2 * threads, 128);
    for (int n = 0; n < 2 * threads; n++)
        fibers[n] = spawn(go_to_party, &party);
    ck_assert_int_eq(gruvi_event_wait(&party.full, GRUVI_FOREVER), 0);
    turns(3);
    gruvi_event_set(&party.over);
    for (int n = 0; n < 2 * threads; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_int_eq(party.crowded, 0);
}
