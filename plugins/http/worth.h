/* SPDX-License-Identifier: MIT */
/* Which replies are worth to be coded, and their heads.  Context: any. */
#ifndef HTTP_WORTH_H
#define HTTP_WORTH_H

#include <gruvid/transport.h>

struct http_settings;

/* Whether a reply is coded for a client that asks for it. */
bool http_worth(const gruvid_reply_t *reply,
                const struct http_settings *settings);

/*
 * Make other headers for a reply: with Vary, and with a coding.
 *
 *   name  of the coding; NULL: none
 *
 * Returns the memory that they are in, for free(); NULL without memory.
 */
void *http_worth_head(gruvid_reply_t *reply, const char *name);

#endif
