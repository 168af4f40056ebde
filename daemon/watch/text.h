/* SPDX-License-Identifier: MIT */
/*
 * Text in a buffer, by means that a signal handler may use: printf() and its
 * like may take locks and ask for memory.
 */
#ifndef GRUVID_WATCH_TEXT_H
#define GRUVID_WATCH_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <gruvi/inspect.h>

/* What does not fit is dropped; the text always ends with a zero. */
struct gruvid__text {
    char *at, *end; /* where more goes; where the zero goes at the latest */
};

/* An empty text in size bytes. */
void gruvid__text_begin(struct gruvid__text *text, char *buf, size_t size);

void gruvid__text_add(struct gruvid__text *text, const char *words);
void gruvid__text_number(struct gruvid__text *text, uint64_t number);
void gruvid__text_hex(struct gruvid__text *text, uint64_t number);

/* "trial.so is build 01ab..."; nothing where it has no build-id. */
void gruvid__text_build(struct gruvid__text *text,
                        const gruvi__module_t *module);

/* The frames, the innermost first, with " < " between; and why some are
 * missing.  Frames that do not fit are dropped as a whole. */
void gruvid__text_stack(struct gruvid__text *text,
                        const gruvi__frames_t *frames);

#endif
