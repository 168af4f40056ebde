/* SPDX-License-Identifier: MIT */
/* "log": the last lines of the log, wherever it goes. */
#include <stdio.h>
#include <time.h>

#include "control/commands.h"
#include "control/text.h"
#include "log/recent.h"

/* Lines, unless told otherwise, and at most. */
#define LINES      100
#define MOST_LINES 10000

static void
add_text(json_t *shown, const char *name, const char *text)
{
    if (*text != '\0')
        json_object_set_new(shown, name, gruvid__json_text(text));
}

/* In UTC, to the millisecond. */
static void
write_time(char *buf, size_t size, const struct timespec *time)
{
    struct tm parts;
    size_t n;

    gmtime_r(&time->tv_sec, &parts);
    n = strftime(buf, size, "%FT%T", &parts);
    snprintf(buf + n, size - n, ".%03dZ", (int)(time->tv_nsec / 1000000));
}

static json_t *
show_line(const struct gruvid__kept *kept)
{
    const gruvi_log_record_t *record = &kept->record;
    char time[64];
    json_t *shown;

    write_time(time, sizeof time, &record->time);
    shown =
        json_pack("{s:I, s:s, s:s, s:o}", "number", (json_int_t)kept->number,
                  "time", time, "level", gruvi_log_level_name(record->level),
                  "message", gruvid__json_text(record->message));
    if (shown == NULL)
        return NULL;
    add_text(shown, "hub", record->hub);
    add_text(shown, "plugin", record->group);
    add_text(shown, "fiber", record->fiber);
    return shown;
}

static GRUVI_SWITCHPOINT int
answer_log(struct gruvid__request *request)
{
    int64_t lines = gruvid__request_whole(request, "lines", LINES);
    int64_t after = gruvid__request_whole(request, "after", 0);
    struct gruvid__kept *first, *kept;
    json_t *shown;
    int err;

    if (lines > MOST_LINES)
        return gruvid__refuse(request, UV_EINVAL, "\"lines\" is more than %d",
                              MOST_LINES);
    err = gruvid__recent_copy((uint64_t)after, (size_t)lines, &first);
    if (err < 0)
        return err;
    shown = json_array();
    for (kept = first; shown != NULL && kept != NULL; kept = kept->next)
        json_array_append_new(shown, show_line(kept));
    gruvid__recent_free(first);
    return gruvid__answer_list(request, "lines", shown);
}

static const struct gruvid__member members[] = {
    {.name = "lines", .type = GRUVID__WHOLE},
    {.name = "after", .type = GRUVID__WHOLE},
    {.name = NULL},
};

const struct gruvid__command gruvid__command_log = {
    .name = "log",
    .who = GRUVID__MAY_ACT,
    .looks = true,
    .members = members,
    .handler = answer_log,
};
