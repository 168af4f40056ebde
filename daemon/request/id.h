/* SPDX-License-Identifier: MIT */
/* The id of a request. */
#ifndef GRUVID_REQUEST_ID_H
#define GRUVID_REQUEST_ID_H

#include <stdbool.h>

#define GRUVID__ID_SIZE 33

/* The trace's id of a traceparent header (W3C Trace Context); false: it has
 * none. */
bool gruvid__id_of_trace(char id[GRUVID__ID_SIZE], const char *traceparent);

/* An id that nobody has. */
void gruvid__id_make(char id[GRUVID__ID_SIZE]);

#endif
