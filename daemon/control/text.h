/* SPDX-License-Identifier: MIT */
/* Text of any origin as a string of JSON. */
#ifndef GRUVID_CONTROL_TEXT_H
#define GRUVID_CONTROL_TEXT_H

#include <jansson.h>

/*
 * A string of JSON.  Bytes that are no UTF-8 (in paths, say) become '?'.
 *
 *   text  NULL: null
 *
 * Returns a value that the caller owns; NULL without memory.
 * Context: any thread.
 */
json_t *gruvid__json_text(const char *text);

#endif
