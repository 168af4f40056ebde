/* SPDX-License-Identifier: MIT */
/* Where gruvid's log goes. */
#ifndef GRUVID_LOG_SINK_H
#define GRUVID_LOG_SINK_H

#include <pwd.h>

#include <gruvi/log.h>

#include "log/line.h"

/*
 * Open the log and send the library's records there.  A thread of its own
 * writes it, so that logging never waits; what cannot be written is dropped,
 * counted, and said when lines flow again.
 *
 *   target  "auto", "stderr" or "file:/PATH", as in [log] target
 *   style   how lines look
 *   owner   who gets the file if it is made here; NULL: nobody
 *
 * Returns 0.
 * Errors:  what open() says of the file: the log is as it was; or of the
 *          thread: there is no log.
 */
int gruvid__log_open(const char *target, enum gruvid__log_style style,
                     const struct passwd *owner);

/*
 * Open another target, for gruvid__log_switch().
 *
 * Returns 0.
 * Errors:  what open() says of the file.
 */
int gruvid__log_open_next(const char *target, const struct passwd *owner);

/* Close it again. */
void gruvid__log_close_next(void);

/* Log there from the next line on, where another target is open, and in this
 * style. */
void gruvid__log_switch(enum gruvid__log_style style);

/* Open the log's file again, if it has one: somebody has moved it away.  Where
 * that fails, the old file is kept, and a line there says so. */
void gruvid__log_reopen(void);

/* Log whether this process can do so, as the user that it is now. */
void gruvid__log_check_reopen(void);

/* Wait until all is written, for five seconds at most: see log/writer.h. */
bool gruvid__log_flush(void);

/* The same, and end the log. */
void gruvid__log_close(void);

/* Name this thread's hub in its lines.  "": no name, as at the start.
 * Borrowed. */
void gruvid__log_set_hub(const char *name);

/* How to find the generation of the plugin that the running fiber works for, 0
 * if for none; for styles with fields.  NULL: they have no generation. */
void gruvid__log_set_generation(uint64_t (*generation)(void));

/* The same for the id of the request that the fiber answers; NULL: for none. */
void gruvid__log_set_request(const char *(*request)(void));

/* Whether lines of text name the hub, too: there are several. */
void gruvid__log_show_hubs(bool show);

/*
 * Log a line at level info, whatever the log's level: an operator asked for it.
 *
 *   plugin, generation, fiber
 *           what it is about, for fields; text says it in its own words.
 *           "", 0: gruvid itself
 */
void gruvid__log_notice(const char *plugin, uint64_t generation,
                        const char *fiber, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Call a function with each error that this thread logs.
 *
 *   fn  does not switch; NULL: no more
 */
void gruvid__log_on_error(void (*fn)(void *arg,
                                     const gruvi_log_record_t *record),
                          void *arg);

/* Write a record about a plugin, by a thread that does not work for it.  The
 * hub is the record's.  Context: any thread. */
void gruvid__log_about(const gruvi_log_record_t *record, uint64_t generation);

/* gruvi_vlog() of a line that is not counted with equal ones. */
void gruvid__log_each(gruvi_log_level_t level, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* The sink.  Context: any thread. */
void gruvid__log_write(const gruvi_log_record_t *record);

/*
 * Write a record at once, to the log and to stderr, once where both are one
 * file.  The lines that wait are written before, by
 * gruvid__writer_flush_in_handler().
 *
 *   generation  of the plugin, for fields; 0: none
 *
 * Context: handler of a signal that ends the process, one at a time.
 */
void gruvid__log_write_in_handler(const gruvi_log_record_t *record,
                                  uint64_t generation);

#endif
