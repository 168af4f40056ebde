/* SPDX-License-Identifier: MIT */
/*
 * Writing through TLS.  A record costs a system call and is a packet at least,
 * so small buffers that are written together, a header and its body, share one.
 */
#include <stdlib.h>
#include <string.h>

#include "io/tls/tls_openssl.h"

#define RECORD 16384 /* bytes, the most that one holds (RFC 8446, 5.1) */

/* Where a vector of buffers goes on. */
struct position {
    const uv_buf_t *bufs;
    unsigned n;
    size_t done; /* of bufs[0] */
};

static int
write_bytes(struct gruvi__tls *tls, struct gruvi__call *call, const char *buf,
            size_t len)
{
    size_t n;
    int err = 0;

    while (len > 0 && err == 0) {
        err = gruvi__tls_flush_all(tls, call);
        if (gruvi__unlikely(err < 0))
            break;
        gruvi__tls_try(tls, call);
        if (gruvi__likely(SSL_write_ex(tls->ssl, buf, len, &n))) {
            buf += n;
            len -= n;
            if (len > 0)
                err = gruvi__call_breathe(call);
        } else {
            err = gruvi__tls_judge(tls, 0);
            if (err == UV_EAGAIN)
                err = gruvi__call_wait(call);
        }
    }
    return err;
}

/* What is left of the first buffer. */
static int
write_first(struct gruvi__tls *tls, struct gruvi__call *call,
            struct position *at)
{
    const uv_buf_t *first = at->bufs++;
    size_t done = at->done;

    at->done = 0;
    at->n--;
    return write_bytes(tls, call, first->base + done, first->len - done);
}

/* A record from as many buffers as it takes. */
static int
write_record(struct gruvi__tls *tls, struct gruvi__call *call,
             struct position *at, char *record)
{
    size_t filled = 0, part;

    while (at->n > 0 && filled < RECORD) {
        part = at->bufs->len - at->done;
        if (part > RECORD - filled)
            part = RECORD - filled;
        if (part > 0)
            memcpy(record + filled, at->bufs->base + at->done, part);
        filled += part;
        at->done += part;
        if (at->done == at->bufs->len) {
            at->bufs++;
            at->n--;
            at->done = 0;
        }
    }
    return write_bytes(tls, call, record, filled);
}

int
gruvi__tls_write_all(struct gruvi__tls *tls, struct gruvi__call *call,
                     const uv_buf_t bufs[], unsigned n)
{
    struct position at = {bufs, n, 0};
    char *record = NULL;
    int err = 0;

    while (at.n > 0 && err == 0) {
        bool alone = at.n == 1 || at.bufs->len - at.done >= RECORD;

        if (!alone && record == NULL)
            record = malloc(RECORD);
        if (alone ||
            record == NULL) /* without memory several records will do */
            err = write_first(tls, call, &at);
        else
            err = write_record(tls, call, &at, record);
    }
    free(record);
    return err < 0 ? err : gruvi__tls_flush_all(tls, call);
}
