/* SPDX-License-Identifier: MIT */
/*
 * Log records: formatted on the caller's stack, handed to the sink.  Fiber
 * stacks are small, so a message is too.
 */
#include <stdio.h>
#include <string.h>

#include <gruvi/fiber.h>
#include <gruvi/hub.h>
#include <gruvi/log.h>

#include "base/threads.h"
#include "core/fiber.h"
#include "core/group.h"
#include "core/thread.h"

#define MESSAGE_SIZE 1024

int gruvi__log_level = GRUVI_LOG_INFO; /* atomic */

static gruvi_log_fn log_sink; /* atomic; NULL: nowhere */

gruvi_log_fn
gruvi_set_log_sink(gruvi_log_fn sink)
{
    return gruvi__atomic_exchange(&log_sink, sink, __ATOMIC_ACQ_REL);
}

void
gruvi_set_log_level(gruvi_log_level_t level)
{
    gruvi__figure_store(&gruvi__log_level, (int)level);
}

gruvi_log_level_t
gruvi_log_level(void)
{
    return (gruvi_log_level_t)gruvi__figure_load(&gruvi__log_level);
}

const char *
gruvi_log_level_name(gruvi_log_level_t level)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};

    return (unsigned)level < sizeof names / sizeof *names ? names[level]
                                                          : "unknown";
}

/* A record is one line, even if it quotes what a peer has sent. */
static void
make_line(char *message)
{
    size_t n = strlen(message);
    char *p;

    while (n > 0 && (message[n - 1] == '\n' || message[n - 1] == '\r'))
        message[--n] = '\0';
    for (p = message; (p = strpbrk(p, "\r\n")) != NULL; p++)
        *p = ' ';
}

void
gruvi_vlog(gruvi_log_level_t level, const char *format, va_list args)
{
    gruvi_log_fn sink = gruvi__atomic_load(&log_sink, __ATOMIC_ACQUIRE);
    const gruvi_fiber_t *fiber = gruvi__self.current;
    char message[MESSAGE_SIZE];
    gruvi_log_record_t record = {.level = level,
                                 .hub = "",
                                 .fiber = "",
                                 .group = "",
                                 .message = message};

    if (sink == NULL || level > gruvi_log_level())
        return;
    vsnprintf(message, sizeof message, format, args);
    make_line(message);
    clock_gettime(CLOCK_REALTIME, &record.time);
    if (fiber != NULL && fiber->hub != NULL) {
        record.hub = gruvi_hub_name(fiber->hub);
        record.fiber = gruvi_fiber_name(fiber);
        record.group = gruvi__group_outermost(fiber);
    }
    sink(&record);
}

void
gruvi_log(gruvi_log_level_t level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gruvi_vlog(level, format, args);
    va_end(args);
}

void
gruvi_log_to_stderr(const gruvi_log_record_t *record)
{
    fprintf(stderr, "%s: %s%s%s\n", gruvi_log_level_name(record->level),
            record->fiber, record->fiber[0] == '\0' ? "" : ": ",
            record->message);
}
