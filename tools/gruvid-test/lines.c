/* SPDX-License-Identifier: MIT */
/* Lines lie in one piece of memory, which is the oldest first; what is too much
 * is dropped. */
#include "gruvid-test/lines.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <gruvi.h>

#include "core/clock.h"
#include "gruvid-test/host.h"
#include "gruvid-test/words.h"

#define ROOM ((size_t)1 << 20)
#define LAST 12 /* lines that a report has */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char kept[ROOM]; /* lines, each with a line feed, and a zero */
static size_t used, found;
static gruvi_log_fn next;
static gruvi_event_t more; /* set with each line */

/* Other threads have the time of the machine. */
static double
time_here(void)
{
    static double last;

    if (plan->real_time || gruvi__clock_is_virtual())
        last = elapsed();
    return last;
}

static void
keep(const gruvi_log_record_t *record)
{
    double now;
    int n;

    pthread_mutex_lock(&lock);
    now = time_here();
    n = snprintf(kept + used, ROOM - used, "%10.3f %s: %s%s%s\n", now,
                 gruvi_log_level_name(record->level), record->group,
                 record->group[0] != '\0' ? ": " : "", record->message);
    if (n > 0 && used + (size_t)n < ROOM)
        used += (size_t)n;
    kept[used] = '\0';
    pthread_mutex_unlock(&lock);
    if (plan->verbose)
        fprintf(stderr, "%10.3f %s: %s\n", now,
                gruvi_log_level_name(record->level), record->message);
    gruvi_event_set(&more);
    next(record);
}

void
lines_begin(void)
{
    gruvi_event_init(&more);
    next = gruvi_set_log_sink(keep);
}

void
lines_end(void)
{
    gruvi_set_log_sink(next);
    gruvi_event_destroy(&more);
}

GRUVI_SWITCHPOINT int
lines_wait(double timeout)
{
    gruvi_event_clear(&more);
    return gruvi_event_wait(&more, timeout);
}

bool
lines_find(const char *text)
{
    const char *at;

    pthread_mutex_lock(&lock);
    at = strstr(kept + found, text);
    if (at != NULL)
        found = (size_t)(at - kept) + strcspn(at, "\n");
    pthread_mutex_unlock(&lock);
    return at != NULL;
}

void
lines_tell(void)
{
    const char *at = kept + used;

    if (used == 0)
        return;
    for (int n = 0; n <= LAST && at > kept; n++)
        for (at--; at > kept && at[-1] != '\n'; at--)
            ;
    tell("the log's last lines:\n%s", at);
}
