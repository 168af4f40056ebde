/* SPDX-License-Identifier: MIT */
/* Requests, counted by their route: see traffic.h. */
#include "instance/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"

/* --- names ---------------------------------------------------------------- */

static const char *const methods[GRUVID__METHODS] = {
    "GET",     "HEAD",    "POST",  "PUT",   "DELETE",
    "CONNECT", "OPTIONS", "TRACE", "PATCH", "other"};

unsigned
gruvid__method_number(const char *method)
{
    unsigned i = 0;

    while (i < GRUVID__METHODS - 1 &&
           (*method != *methods[i] || strcmp(method, methods[i]) != 0))
        i++;
    return i;
}

const char *
gruvid__method_name(unsigned number)
{
    return methods[number];
}

const char *
gruvid__status_class_name(unsigned class)
{
    static const char *const names[GRUVID__STATUS_CLASSES] = {
        "none", "1xx", "2xx", "3xx", "4xx", "5xx"};

    return names[class];
}

/* --- tallies -------------------------------------------------------------- */

/* Zeroed, in cache lines of their own. */
static void *
allocate(size_t size)
{
    void *memory;

    return posix_memalign(&memory, 64, size) == 0 ? memset(memory, 0, size)
                                                  : NULL;
}

/* The text is behind the counters. */
static struct gruvid__tally *
new_tally(const char *route, unsigned hubs)
{
    size_t size =
        sizeof(struct gruvid__tally) + hubs * sizeof(struct gruvid__traffic);
    struct gruvid__tally *tally = allocate(size + strlen(route) + 1);

    if (tally != NULL)
        tally->route = strcpy((char *)tally + size, route);
    return tally;
}

int
gruvid__traffic_open(struct gruvid__line *line, unsigned hubs)
{
    line->tallies = new_tally("", hubs);
    line->unrouted = allocate(hubs * sizeof *line->unrouted);
    if (line->tallies != NULL && line->unrouted != NULL)
        return 0;
    gruvid__traffic_close(line);
    return UV_ENOMEM;
}

void
gruvid__traffic_close(struct gruvid__line *line)
{
    while (line->tallies != NULL) {
        struct gruvid__tally *next = line->tallies->next;

        free(line->tallies);
        line->tallies = next;
    }
    free(line->unrouted);
    line->unrouted = NULL;
}

/* The first is that without a route. */
static struct gruvid__tally *
find_or_make(struct gruvid__line *line, const char *route, unsigned hubs)
{
    struct gruvid__tally *last = line->tallies;
    size_t n = 0;

    for (; strcmp(last->route, route) != 0; last = last->next, n++) {
        if (last->next != NULL)
            continue;
        if (n >= GRUVID__MOST_TALLIES)
            return line->tallies;
        last->next = new_tally(route, hubs);
        if (last->next == NULL)
            return NULL;
    }
    return last;
}

struct gruvid__tally *
gruvid__tally_of(struct gruvid__instances *instances, struct gruvid__line *line,
                 const char *route)
{
    struct gruvid__tally *tally;

    pthread_mutex_lock(&instances->lock);
    tally = find_or_make(line, route, instances->hubs->n);
    pthread_mutex_unlock(&instances->lock);
    return tally;
}

/* --- sums ----------------------------------------------------------------- */

#define ADD(member)                                                            \
    (sum->member += __atomic_load_n(&more->member, __ATOMIC_RELAXED))

void
gruvid__traffic_add(struct gruvid__traffic *sum,
                    const struct gruvid__traffic *more)
{
    ADD(open);
    for (unsigned i = 0; i < GRUVID__METHODS; i++)
        for (unsigned k = 0; k < GRUVID__STATUS_CLASSES; k++)
            ADD(done[i][k]);
    ADD(failed);
    ADD(timed_out);
    ADD(cancelled);
    ADD(cut);
    ADD(received);
    ADD(sent);
    gruvid__times_add(&sum->times, &more->times);
}

uint64_t
gruvid__traffic_done(const struct gruvid__traffic *sum)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < GRUVID__METHODS; i++)
        for (unsigned k = 0; k < GRUVID__STATUS_CLASSES; k++)
            n += sum->done[i][k];
    return n;
}
