/* One that grows at its end, and whose next element is saved first. */
#include <stdlib.h>
#include <sys/queue.h>

#include <gruvi.h>

struct job {
    TAILQ_ENTRY(job) link;
    unsigned id;
};

static TAILQ_HEAD(, job) jobs = TAILQ_HEAD_INITIALIZER(jobs);

void
add(struct job *job)
{
    TAILQ_INSERT_TAIL(&jobs, job, link);
}

GRUVI_SWITCHPOINT int
drop_all(gruvi_stream_t *stream)
{
    struct job *next;
    int err = 0;

    for (struct job *job = TAILQ_FIRST(&jobs); job != NULL; job = next) { /* gruvi-stale: 'next' */
        next = TAILQ_NEXT(job, link);
        err = gruvi_stream_printf(stream, "%u\n", job->id);
        TAILQ_REMOVE(&jobs, job, link);
        free(job);
    }
    return err;
}
