/* SPDX-License-Identifier: MIT */
/* What a line of gruvid's log looks like. */
#ifndef GRUVID_LOG_LINE_H
#define GRUVID_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include <gruvi/log.h>

enum gruvid__log_style {
    GRUVID__LOG_TEXT,   /* TIME LEVEL [HUB ]PLUGIN[FIBER]: MESSAGE */
    GRUVID__LOG_JSON,   /* an object a line */
    GRUVID__LOG_LOGFMT, /* name=value, with quotes where they are needed */
};

/* Whom lines are for. */
enum gruvid__log_reader {
    GRUVID__LOG_READER_ANY,
    GRUVID__LOG_READER_STREAM, /* the journal's stream: the level in front, as
                                  it is read there, and no time */
    GRUVID__LOG_READER_SOCKET, /* the journal's socket: lines FIELD=VALUE, the
                                  last is the message */
};

/* No line is longer: a message has at most 1023 bytes, each escaped. */
#define GRUVID__LOG_LINE 8192

/* What is known beside the record, for styles with fields. */
struct gruvid__log_origin {
    uint64_t generation; /* of the plugin; 0: none */
    const char *request; /* the id of what the fiber answers; NULL: nothing */
};

/*
 * Write a record as a line.
 *
 * Returns how many bytes, the '\n' included; never more than size.
 */
size_t gruvid__log_line(char *buf, size_t size,
                        const gruvi_log_record_t *record,
                        struct gruvid__log_origin origin,
                        enum gruvid__log_style style,
                        enum gruvid__log_reader reader);

#endif
