/* Each round begins with what is first then, and has taken it off. */
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
    struct job *job;
    int err = 0;

    while (err == 0 && (job = TAILQ_FIRST(&jobs)) != NULL) {
        TAILQ_REMOVE(&jobs, job, link);
        err = gruvi_stream_printf(stream, "%u\n", job->id);
        free(job);
    }
    return err;
}

/* Nobody else runs while it walks. */
GRUVI_SWITCHPOINT int
count(gruvi_stream_t *stream)
{
    struct job *job;
    unsigned n = 0;

    TAILQ_FOREACH (job, &jobs, link)
        n++;
    return gruvi_stream_printf(stream, "%u\n", n);
}
