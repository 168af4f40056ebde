/* SPDX-License-Identifier: MIT */
/* Bytes that are written as text in the files of the tests. */
#ifndef TESTS_HTTP_ESCAPE_H
#define TESTS_HTTP_ESCAPE_H

#include <stddef.h>

/* Bytes, with a '\0' behind them. */
struct bytes {
    char *data;
    size_t size;
};

/* Where in a file something is, for messages. */
struct place {
    const char *path;
    unsigned line;
};

void bytes_append(struct bytes *bytes, const char *data, size_t size);

/* Say what is wrong with a file, and end the program. */
void corpus_mistake(const struct place *place, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* Append what text says, up to the byte end; '\0': all.  Returns where text
 * goes on behind it. */
const char *corpus_unescape(const struct place *place, struct bytes *bytes,
                            const char *text, char end);

/* The same for one escape; text points behind its backslash. */
const char *corpus_escape(const struct place *place, struct bytes *bytes,
                          const char *text);

#endif
