/* SPDX-License-Identifier: MIT */
/*
 * A survey of all fibers.
 *
 *   fiber of the first hub   a job for each hub, and waits
 *   each hub, in callbacks   SLICE fibers, then a turn of its own, and again
 *   fiber of the first hub   reads what all have seen
 *
 * A hub spends a few microseconds at a time on it, and notes what it sees as
 * bytes, one fiber behind the other.  All else is for a thread that serves
 * nobody.
 *
 * A hub may not come to its job, or too late.  So a job has two owners, the
 * fiber and the hub, and the last frees it.
 */
#include "control/survey.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <gruvi/inspect.h>

#include "instance/instance.h"
#include "instance/shard.h"

/* Fibers a turn: some 8 us. */
#define SLICE 32

/* A hub that has seen no fiber for so many seconds does not answer. */
#define PATIENCE 1.0

#define CHUNK ((size_t)256 << 10)

/* Notes of fibers: a mapping of its own.  malloc would give much memory back at
 * once, and not only to a thread that has the time. */
struct chunk {
    struct chunk *next;
    size_t used;
    char bytes[CHUNK - 2 * sizeof(size_t)] __attribute__((aligned(8)));
};

_Static_assert(sizeof(struct chunk) == CHUNK, "it is pages as a whole");

struct gruvid__survey_job {
    int owners;     /* atomic */
    bool given_up;  /* atomic: nobody waits for it */
    size_t visited; /* atomic: fibers so far */
    struct gruvid__hub *hub;
    char plugin[64]; /* "": all */
    bool stacks;
    gruvi_event_t done;

    /* Of the hub, until it is done. */
    struct chunk *first, *last;
    size_t n;
    int err;
    uint64_t nanoseconds;
    gruvi__frames_t frames;
};

static void
job_unref(struct gruvid__survey_job *job)
{
    if (__atomic_sub_fetch(&job->owners, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    while (job->first != NULL) {
        struct chunk *next = job->first->next;

        munmap(job->first, sizeof *job->first);
        job->first = next;
    }
    gruvi_event_destroy(&job->done);
    free(job);
}

/* --- in the hub --------------------------------------------------------------
 */

/* Room for a note, or NULL. */
static struct gruvid__seen *
reserve(struct gruvid__survey_job *job, size_t length)
{
    struct chunk *chunk = job->last;

    if (chunk == NULL || sizeof chunk->bytes - chunk->used < length) {
        chunk = mmap(NULL, sizeof *chunk, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED)
            return NULL;
        *(job->last == NULL ? &job->first : &job->last->next) = chunk;
        job->last = chunk;
    }
    chunk->used += length;
    return (void *)(chunk->bytes + chunk->used - length);
}

static void
walk(struct gruvid__survey_job *job, const gruvi_fiber_t *fiber)
{
    int err = 0;

    job->frames.n = 0;
    job->frames.note = "";
    if (job->stacks)
        err = gruvi__walk_parked(fiber, &job->frames);
    if (err == UV_ENOTSUP)
        job->frames.note = "this build's contexts cannot be walked";
    else if (err < 0)
        job->frames.note = "it runs this survey";
}

static void
note(struct gruvid__survey_job *job, const gruvi__fiber_view_t *view,
     const gruvid_plugin_t *plugin)
{
    const gruvi__frames_t *frames = &job->frames;
    const char *name = view->name == NULL ? "" : view->name;
    size_t names = strlen(name) + 1, stack = frames->n * sizeof *frames->at;
    size_t length = (sizeof(struct gruvid__seen) + stack + names + 7) & ~7ul;
    struct gruvid__seen *seen = reserve(job, length);

    if (seen == NULL) {
        job->err = UV_ENOMEM;
        return;
    }
    *seen = (struct gruvid__seen){
        .id = view->id,
        .plugin = plugin == NULL ? "" : plugin->name,
        .generation = plugin == NULL ? 0 : plugin->generation,
        .state = view->state,
        .waits = view->waits,
        .note = frames->note,
        .waited = (float)view->waited,
        .used = (uint32_t)view->used,
        .size = (uint32_t)view->size,
        .n_frames = (uint16_t)frames->n,
        .length = (uint16_t)length,
    };
    memcpy(seen->frames, frames->at, stack);
    memcpy((char *)seen->frames + stack, name, names);
    job->n++;
}

static void
see(gruvi_fiber_t *fiber, void *arg)
{
    struct gruvid__survey_job *job = arg;
    const struct gruvid__shard *shard = gruvid__shard_of(fiber);
    const gruvid_plugin_t *plugin = shard == NULL ? NULL : shard->plugin;
    gruvi__fiber_view_t view;

    __atomic_store_n(&job->visited, job->visited + 1, __ATOMIC_RELAXED);
    if (job->err < 0 ||
        (job->plugin[0] != '\0' &&
         (plugin == NULL || strcmp(plugin->name, job->plugin) != 0)))
        return;
    gruvi__fiber_look(fiber, &view);
    walk(job, fiber);
    note(job, &view, plugin);
}

static void
finish(struct gruvid__survey_job *job, int err)
{
    if (err < 0)
        job->err = err;
    gruvi__visit_end(job->hub->hub);
    gruvi_event_set(&job->done);
    job_unref(job);
}

/* A hub callback. */
static void
visit_slice(void *arg)
{
    struct gruvid__survey_job *job = arg;
    uint64_t before = uv_hrtime();
    bool more = gruvi__visit_some(job->hub->hub, SLICE, see, job);
    int err = job->err;

    job->nanoseconds += uv_hrtime() - before;
    if (__atomic_load_n(&job->given_up, __ATOMIC_RELAXED))
        err = UV_ECANCELED;
    if (more && err == 0)
        err = gruvi_hub_run_callback(job->hub->hub, visit_slice, job);
    if (!more || err < 0)
        finish(job, err);
}

/* A hub callback. */
static void
begin(void *arg)
{
    struct gruvid__survey_job *job = arg;
    int err = gruvi__visit_begin(job->hub->hub);

    if (err == 0) {
        visit_slice(job);
    } else {
        job->err = err; /* the visit of a job that was given up */
        gruvi_event_set(&job->done);
        job_unref(job);
    }
}

/* --- in the fiber ------------------------------------------------------------
 */

/* One survey at a time, because a hub is visited once at a time. */
static gruvi_lock_t lock = GRUVI_LOCK_INIT;

/* A hub that cannot be asked has its error, and no job. */
static int
ask_hub(struct gruvid__hub_survey *of, struct gruvid__hub *hub,
        const char *plugin, bool stacks)
{
    struct gruvid__survey_job *job = calloc(1, sizeof *job);

    of->hub = hub->number;
    if (job == NULL)
        return UV_ENOMEM;
    job->owners = 2;
    job->hub = hub;
    job->stacks = stacks;
    strncpy(job->plugin, plugin == NULL ? "" : plugin, sizeof job->plugin - 1);
    gruvi_event_init(&job->done);
    of->job = job;
    of->err = gruvi_hub_run_callback(hub->hub, begin, job);
    if (of->err < 0) {
        job->owners = 1;
        job_unref(job);
        of->job = NULL;
    }
    return 0;
}

/* Wait until a job is done, as long as it goes on. */
static GRUVI_SWITCHPOINT int
await(struct gruvid__hub_survey *of)
{
    struct gruvid__survey_job *job = of->job;
    size_t before;
    int err;

    if (job == NULL)
        return 0;
    of->err = UV_ETIMEDOUT;
    do {
        before = __atomic_load_n(&job->visited, __ATOMIC_RELAXED);
        err = gruvi_event_wait(&job->done, PATIENCE);
    } while (err == UV_ETIMEDOUT &&
             __atomic_load_n(&job->visited, __ATOMIC_RELAXED) != before);
    if (err == 0) {
        of->err = job->err;
        of->n = job->n;
        of->visited = job->visited;
        of->seconds = (double)job->nanoseconds / 1e9;
    } else {
        __atomic_store_n(&job->given_up, true, __ATOMIC_RELAXED);
    }
    return err == UV_ETIMEDOUT ? 0 : err;
}

static GRUVI_SWITCHPOINT int
take(struct gruvid__survey *survey, struct gruvid__hubs *hubs,
     const char *plugin, bool stacks)
{
    int err = 0;

    for (unsigned i = 0; err == 0 && i < hubs->n; i++)
        err = ask_hub(&survey->hubs[i], &hubs->at[i], plugin, stacks);
    for (unsigned i = 0; err == 0 && i < hubs->n; i++)
        err = await(&survey->hubs[i]);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__survey_take(struct gruvid__survey *survey, struct gruvid__hubs *hubs,
                    const char *plugin, bool stacks)
{
    int err;

    survey->n = hubs->n;
    survey->hubs = calloc(hubs->n, sizeof *survey->hubs);
    if (survey->hubs == NULL) {
        survey->n = 0;
        return UV_ENOMEM;
    }
    err = gruvi_lock_acquire(&lock, GRUVI_FOREVER);
    if (err < 0)
        return err;
    err = take(survey, hubs, plugin, stacks);
    gruvi_lock_release(&lock);
    return err;
}

const struct gruvid__seen *
gruvid__survey_next(const struct gruvid__hub_survey *of,
                    struct gruvid__survey_at *at)
{
    const struct chunk *chunk = at->chunk;
    const struct gruvid__seen *seen;

    if (of->err < 0 || of->job == NULL)
        return NULL;
    if (chunk == NULL)
        chunk = of->job->first;
    else if (at->offset == chunk->used) {
        chunk = chunk->next;
        at->offset = 0;
    }
    if (chunk == NULL)
        return NULL;
    seen = (const void *)(chunk->bytes + at->offset);
    at->chunk = chunk;
    at->offset += seen->length;
    return seen;
}

void
gruvid__survey_forget(struct gruvid__survey *survey)
{
    for (unsigned i = 0; i < survey->n; i++) {
        struct gruvid__survey_job *job = survey->hubs[i].job;

        if (job == NULL)
            continue;
        survey->hubs[i].job = NULL;
        __atomic_store_n(&job->given_up, true, __ATOMIC_RELAXED);
        job_unref(job);
    }
}

void
gruvid__survey_free(struct gruvid__survey *survey)
{
    gruvid__survey_forget(survey);
    free(survey->hubs);
}
