/* SPDX-License-Identifier: MIT */
/*
 * A fiber takes streams as long as it was not cancelled, which may have been
 * meant for a stream before, and until the clock ticks: then the rest is for
 * another fiber, behind all that are ready.
 */
#include "h2_worker.h"

#include <time.h>

#include "h2_output.h"
#include "h2_stream.h"

/* The coarse clock, which ticks every 1 to 10 ms. */
static long
tick(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_nsec;
}

static struct h2_stream *
take(struct h2 *h2)
{
    struct h2_stream *stream = h2->unanswered;

    if (stream != NULL)
        h2->unanswered = stream->behind;
    return stream;
}

static GRUVI_SWITCHPOINT int worker(void *arg);

/* Have a fiber begin, unless one does already. */
static int
start(struct h2 *h2)
{
    gruvi_fiber_options_t options = {.name = h2->name};
    gruvi_fiber_t *fiber = NULL;

    if (h2->worker_comes)
        return 0;
    GRUVI_IN_GROUP (h2->group) {
        fiber = gruvi_spawn_ex(worker, h2, &options);
    }
    if (fiber == NULL)
        return gruvi_last_error();
    gruvi_fiber_unref(fiber);
    h2->worker_comes = true;
    return 0;
}

/* Whether the fiber goes on.  Where there is no other it has to. */
static bool
goes_on(struct h2 *h2, long began)
{
    return h2->unanswered != NULL &&
           ((tick() == began &&
             !gruvi_fiber_cancelled(gruvi_current_fiber())) ||
            start(h2) < 0);
}

/* A write would end by a cancel that came late, and break the connection. */
static GRUVI_SWITCHPOINT void
write_replies(struct h2 *h2, bool turn)
{
    if (h2->out_length > 0 && gruvi_fiber_cancelled(gruvi_current_fiber()))
        h2_flush(h2);
    else if (h2->out_length > 0)
        h2_write(h2, turn, GRUVI_FOREVER);
    else if (h2->running == 0 && (h2->reads_long || h2->drain == H2_LEAVES))
        h2_wake(h2);
}

static GRUVI_SWITCHPOINT int
worker(void *arg)
{
    struct h2 *h2 = arg;
    uint64_t turn = h2_hub(h2)->turns;
    long began = tick();

    h2->worker_comes = false;
    h2_output_look(h2);
    do {
        struct h2_stream *stream = take(h2);
        if (stream != NULL)
            h2_stream_answer(stream);
    } while (goes_on(h2, began));
    /* Within its turn nothing has been waited for.  Else it may be that others
     * go on in the same turn as this fiber. */
    write_replies(h2, turn != h2_hub(h2)->turns);
    return 0;
}

int
h2_worker_answer(struct h2_stream *stream)
{
    struct h2 *h2 = stream->h2;
    int err = start(h2);

    if (err < 0)
        return err;
    stream->behind = NULL;
    if (h2->unanswered == NULL)
        h2->unanswered = stream;
    else
        h2->last_unanswered->behind = stream;
    h2->last_unanswered = stream;
    stream->running = true;
    h2->running++;
    return 0;
}

void
h2_worker_look(struct h2 *h2)
{
    if (h2->unanswered != NULL && h2->group != NULL)
        start(h2);
}
