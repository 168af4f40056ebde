/* SPDX-License-Identifier: MIT */
/*
 * Logging.  The library prints nothing itself: records go to a sink, and
 * until one is set they go nowhere.
 */
#ifndef GRUVI_LOG_H
#define GRUVI_LOG_H

#include <stdarg.h>
#include <time.h>

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

typedef enum gruvi_log_level {
    GRUVI_LOG_ERROR,
    GRUVI_LOG_WARNING,
    GRUVI_LOG_INFO,
    GRUVI_LOG_DEBUG
} gruvi_log_level_t;

/* All of it is valid during the call of the sink only. */
typedef struct gruvi_log_record {
    struct timespec time; /* CLOCK_REALTIME */
    gruvi_log_level_t level;
    const char *hub;     /* "" in a thread without a hub */
    const char *fiber;   /* "" in a thread without a hub */
    const char *group;   /* the fiber's outermost group; "" if none */
    const char *message; /* one line, without its end; cut to 1023 bytes */
} gruvi_log_record_t;

/*
 * Takes records.  It is called in the thread that logs, perhaps in several
 * threads at once, perhaps in a hub callback: it must not switch.
 */
typedef void (*gruvi_log_fn)(const gruvi_log_record_t *record);

/*
 * Install a sink for the whole process.
 *
 *   sink  NULL: records are dropped
 *
 * Returns the sink that it replaces, NULL if there was none.
 * Context: any thread.
 */
GRUVI_API gruvi_log_fn gruvi_set_log_sink(gruvi_log_fn sink);

/*
 * A ready-made sink: it writes each record to stderr as a line.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_log_to_stderr(const gruvi_log_record_t *record);

/*
 * Drop records above a level; GRUVI_LOG_INFO at the start.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_set_log_level(gruvi_log_level_t level);

/* The level in force.  Context: any thread. */
GRUVI_API gruvi_log_level_t gruvi_log_level(void);

/* The name of a level: "error", "warning", "info", "debug". */
GRUVI_API const char *gruvi_log_level_name(gruvi_log_level_t level);

/*
 * Log a line.  If its level is dropped, a macro costs one branch, and does not
 * evaluate its arguments.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi_log(gruvi_log_level_t level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
GRUVI_API void gruvi_vlog(gruvi_log_level_t level, const char *format,
                          va_list args) __attribute__((format(printf, 2, 0)));

#define gruvi__log_at(level, ...)                                              \
    do {                                                                       \
        if (__atomic_load_n(&gruvi__log_level, __ATOMIC_RELAXED) >=            \
            (int)(level))                                                      \
            gruvi_log((level), __VA_ARGS__);                                   \
    } while (0)

#define gruvi_error(...)   gruvi__log_at(GRUVI_LOG_ERROR, __VA_ARGS__)
#define gruvi_warning(...) gruvi__log_at(GRUVI_LOG_WARNING, __VA_ARGS__)
#define gruvi_info(...)    gruvi__log_at(GRUVI_LOG_INFO, __VA_ARGS__)
#define gruvi_debug(...)   gruvi__log_at(GRUVI_LOG_DEBUG, __VA_ARGS__)

/* Behind the macros above: read-only. */
GRUVI_API extern int gruvi__log_level;

GRUVI_END_DECLS

#endif
