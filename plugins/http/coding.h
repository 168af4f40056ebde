/* SPDX-License-Identifier: MIT */
/*
 * Codings of bodies: which a reply gets, what its head says then, and the
 * bytes. Nothing here knows a protocol:
 *
 *     gruvid_reply_t coded = *reply;
 *     err = http_coding_begin(&coding, &wish, &coded);
 *     ... send the head of coded, with its data ...
 *     if (http_coding_is_on(&coding)) {
 *         ... for each piece of the body, also that of reply:
 * http_coding_write()
 *         ... for the last, and where reply is whole: http_coding_end()
 *     }
 *     ... in any case: http_coding_free()
 *
 * Context of all here: fiber of the hub.
 */
#ifndef HTTP_CODING_H
#define HTTP_CODING_H

#include <gruvid/transport.h>

#include "settings.h"

struct http_coder;

/* What a hub keeps: zero at the beginning. */
struct http_coders {
    struct http_coder *idle[HTTP_CODINGS];
    unsigned n_idle[HTTP_CODINGS];
    unsigned n_busy;
};

void http_coders_free(struct http_coders *coders);

/* Of one reply; zero at the beginning of each. */
struct http_coding {
    struct http_coders *coders;
    struct http_coder *coder;
    char *whole; /* a body that was coded at once */
    void *head;  /* memory for the headers */

    /* Send a part of the body.  A switchpoint. */
    GRUVI_SWITCHPOINT int (*send)(void *exchange, const void *data,
                                  size_t size);
    void *exchange;
};

/* What the client asks for, and how it gets it. */
struct http_coding_wish {
    struct http_coders *coders;
    const struct http_settings *settings;
    const gruvid_header_t *headers; /* of the request */
    size_t n_headers;
    GRUVI_SWITCHPOINT int (*send)(void *exchange, const void *data,
                                  size_t size);
    void *exchange;
};

/*
 * Decide whether a reply is coded.
 *
 *   reply  changed into what has to be sent; its headers are valid until
 *          http_coding_free().  A whole body that is not long stays whole.
 *
 * Returns 0.
 * Errors:  UV_ENOMEM; those of gruvi_compute().
 */
GRUVI_SWITCHPOINT int http_coding_begin(struct http_coding *coding,
                                        const struct http_coding_wish *wish,
                                        gruvid_reply_t *reply);

/* Whether the body goes through http_coding_write(). */
static inline bool
http_coding_is_on(const struct http_coding *coding)
{
    return coding->coder != NULL;
}

/* Write a part that the client can read whole then.  Returns 0, what send
 * has returned, or an error of gruvi_compute(). */
GRUVI_SWITCHPOINT int http_coding_write(struct http_coding *coding,
                                        const void *data, size_t size);

/* Write the last part, which may be empty. */
GRUVI_SWITCHPOINT int http_coding_end(struct http_coding *coding,
                                      const void *data, size_t size);

void http_coding_free(struct http_coding *coding);

#endif
