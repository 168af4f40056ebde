/* SPDX-License-Identifier: MIT */
/* What a handler may put into headers. */
#ifndef GRUVID_REQUEST_FIELD_H
#define GRUVID_REQUEST_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* Whether text is a token: a name of a header, or a method. */
bool gruvid__is_token(const char *text);

/* Whether text may be the value of a header: no control byte but a tab, no
 * blank at an end. */
bool gruvid__is_value(const char *text);

/* Whether a header of a reply is made by the transport alone. */
bool gruvid__is_transports(const char *name);

/* Whether a list such as "a, b" has a member, without case. */
bool gruvid__list_has(const char *list, const char *member);

/* The length of a body, of digits alone; -1: it is none. */
long long gruvid__read_length(const char *text);

/*
 * Encode what is not in a URI; what is encoded stays.
 *
 *   to  where to put it; at most three times as long as text, and a zero byte
 */
void gruvid__encode_uri(char *to, const char *text);

#endif
