/* SPDX-License-Identifier: MIT */
/*
 * What all fibers of all hubs are doing, with their stacks: see survey.c.
 */
#ifndef GRUVID_CONTROL_SURVEY_H
#define GRUVID_CONTROL_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>

#include "hub/hubs.h"

/* A fiber, when its hub came to it.  Texts are valid until gruvid ends, but for
 * the name. */
struct gruvid__seen {
    uint64_t id;
    const char *plugin; /* "": of no plugin */
    uint64_t generation;
    const char *state, *waits;
    const char *note; /* why frames are missing, or "" */
    float waited;     /* seconds */
    uint32_t used, size;
    uint16_t n_frames;
    uint16_t length; /* bytes of this and of what is behind it */
    /* Behind it: n_frames addresses, then the name, "" where it has only its id
     */
    uintptr_t frames[];
};

static inline const char *
gruvid__seen_name(const struct gruvid__seen *seen)
{
    return (const char *)(seen->frames + seen->n_frames);
}

/* The fibers of a hub. */
struct gruvid__hub_survey {
    unsigned hub;   /* its number */
    int err;        /* 0, or why there are none */
    size_t n;       /* fibers that are wanted */
    size_t visited; /* of all */
    double seconds; /* that the hub spent */
    struct gruvid__survey_job *job;
};

struct gruvid__survey {
    struct gruvid__hub_survey *hubs;
    unsigned n;
};

/*
 * Look at all fibers.
 *
 *   survey  the result; free it with gruvid__survey_free()
 *   plugin  only of this one; NULL: of all
 *   stacks  with their stacks
 *
 * A hub that does not answer has an error, and the survey no fibers of it.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM, UV_ECANCELED, UV_ESHUTDOWN.
 * Context: fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__survey_take(struct gruvid__survey *survey,
                                          struct gruvid__hubs *hubs,
                                          const char *plugin, bool stacks);

/* The fibers of a hub's survey in turn; NULL: there are no more.
 *
 *   at  zeroed before the first call
 *
 * Context: any thread.
 */
struct gruvid__survey_at {
    const void *chunk;
    size_t offset;
};
const struct gruvid__seen *
gruvid__survey_next(const struct gruvid__hub_survey *survey,
                    struct gruvid__survey_at *at);

/*
 * Free the fibers; what is known of the hubs stays.  That is a system call for
 * each two thousand, so it is for a thread that serves nobody.
 *
 * Context: any thread.
 */
void gruvid__survey_forget(struct gruvid__survey *survey);

void gruvid__survey_free(struct gruvid__survey *survey);

#endif
