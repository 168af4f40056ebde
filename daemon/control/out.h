/* SPDX-License-Identifier: MIT */
/*
 * JSON as text, for answers with very many members: jansson takes some
 * microseconds for each object.  Without memory nothing more is added.
 */
#ifndef GRUVID_CONTROL_OUT_H
#define GRUVID_CONTROL_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gruvid__out {
    char *text; /* owned; length bytes, without a zero */
    size_t length, room;
    bool failed; /* there was no memory */
};

void gruvid__out_free(struct gruvid__out *out);

/* Add text as it is. */
void gruvid__out_raw(struct gruvid__out *out, const char *text);

/* Add a string; bytes that are no UTF-8 become '?'. */
void gruvid__out_string(struct gruvid__out *out, const char *text);

/* Add a number. */
void gruvid__out_whole(struct gruvid__out *out, uint64_t number);
void gruvid__out_real(struct gruvid__out *out, double number);

/* Add a member: a comma where something is before it, its name, a colon. */
void gruvid__out_member(struct gruvid__out *out, const char *name);

/* Add a comma where an element is before it. */
void gruvid__out_comma(struct gruvid__out *out);

#endif
