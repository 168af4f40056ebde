/* SPDX-License-Identifier: MIT */
/* Questions to hubs: see inquiry.h. */
#include "control/inquiry.h"

#include <stdlib.h>
#include <string.h>

struct gruvid__inquiry {
    unsigned holders; /* the asker and the callback; atomic */
    struct gruvid__hub *hub;
    void (*fn)(struct gruvid__hub *hub, void *answer);
    void (*release)(void *answer);
    gruvi_event_t answered;
    bool filled;
    max_align_t answer[];
};

void
gruvid__inquiry_free(struct gruvid__inquiry *inquiry)
{
    if (inquiry == NULL ||
        __atomic_sub_fetch(&inquiry->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (inquiry->filled && inquiry->release != NULL)
        inquiry->release(inquiry->answer);
    gruvi_event_destroy(&inquiry->answered);
    free(inquiry);
}

/* A hub callback. */
static void
answer(void *arg)
{
    struct gruvid__inquiry *inquiry = arg;

    inquiry->fn(inquiry->hub, inquiry->answer);
    inquiry->filled = true;
    gruvi_event_set(&inquiry->answered);
    gruvid__inquiry_free(inquiry);
}

struct gruvid__inquiry *
gruvid__inquire(struct gruvid__hub *hub,
                void (*fn)(struct gruvid__hub *hub, void *answer),
                const void *question, size_t size,
                void (*release)(void *answer))
{
    struct gruvid__inquiry *inquiry = calloc(1, sizeof *inquiry + size);

    if (inquiry == NULL)
        return NULL;
    inquiry->holders = 2;
    inquiry->hub = hub;
    inquiry->fn = fn;
    inquiry->release = release;
    if (question != NULL)
        memcpy(inquiry->answer, question, size);
    gruvi_event_init(&inquiry->answered);
    if (gruvi_hub_run_callback(hub->hub, answer, inquiry) < 0) {
        inquiry->holders = 1;
        gruvid__inquiry_free(inquiry);
        return NULL;
    }
    return inquiry;
}

GRUVI_SWITCHPOINT int
gruvid__inquiry_wait(struct gruvid__inquiry *inquiry, double timeout)
{
    return gruvi_event_wait(&inquiry->answered, timeout);
}

void *
gruvid__inquiry_answer(struct gruvid__inquiry *inquiry)
{
    return inquiry->answer;
}
