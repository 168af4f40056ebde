/* SPDX-License-Identifier: MIT */
/*
 * A coder takes between a quarter and a few megabytes.  So there are at most
 * BUSY of them in a hub, and replies beyond that go as they are; IDLE of each
 * kind are kept.
 *
 * What is not short is compressed in a thread of the pool, LARGE bytes at a
 * time, while the hub goes on.
 */
#include "coding.h"

#include <stdlib.h>
#include <string.h>

#include "coder.h"
#include "worth.h"

#define BUSY 64
#define IDLE 4

/* The longest body that is coded before its head is sent, which can say then
 * how long it is. */
#define WHOLE 65536

/* What is compressed in the hub, and what at once elsewhere. */
#define SMALL 32768
#define LARGE 131072

#ifdef HAVE_ZLIB
#define GZIP &http_gzip
#else
#define GZIP NULL
#endif
#ifdef HAVE_ZSTD
#define ZSTD &http_zstd
#else
#define ZSTD NULL
#endif

static const struct http_coder_kind *const kinds[HTTP_CODINGS] = {
    [HTTP_GZIP] = GZIP, [HTTP_ZSTD] = ZSTD};

/* --- coders --------------------------------------------------------------- */

static struct http_coder *
take_idle(struct http_coders *coders, int which, int level)
{
    struct http_coder *coder = coders->idle[which];

    if (coder == NULL)
        return NULL;
    coders->idle[which] = coder->next;
    coders->n_idle[which]--;
    if (coder->level == level)
        return coder;
    coder->kind->free(coder); /* the option has changed */
    return NULL;
}

/* NULL: there are too many, or there is no memory. */
static struct http_coder *
take(struct http_coders *coders, int which, int level, int64_t size)
{
    struct http_coder *coder;

    if (coders->n_busy >= BUSY)
        return NULL;
    coder = take_idle(coders, which, level);
    if (coder == NULL)
        coder = kinds[which]->make(level);
    if (coder == NULL)
        return NULL;
    coder->kind = kinds[which];
    coder->level = level;
    coder->n = 0;
    if (!coder->kind->begin(coder, size)) {
        coder->kind->free(coder);
        return NULL;
    }
    coders->n_busy++;
    return coder;
}

static void
give(struct http_coders *coders, struct http_coder *coder)
{
    int which = coder->kind == kinds[HTTP_GZIP] ? HTTP_GZIP : HTTP_ZSTD;

    coders->n_busy--;
    if (coders->n_idle[which] >= IDLE) {
        coder->kind->free(coder);
        return;
    }
    coder->next = coders->idle[which];
    coders->idle[which] = coder;
    coders->n_idle[which]++;
}

void
http_coders_free(struct http_coders *coders)
{
    for (int which = 0; which < HTTP_CODINGS; which++)
        while (coders->idle[which] != NULL) {
            struct http_coder *coder = coders->idle[which];

            coders->idle[which] = coder->next;
            coder->kind->free(coder);
        }
}

/* --- compressing ---------------------------------------------------------- */

struct run {
    struct http_coder *coder;
    struct http_piece piece;
    enum http_coder_how how;
};

static int
run_there(void *arg, void **result)
{
    struct run *run = arg;

    (void)result;
    return run->coder->kind->run(run->coder, &run->piece, run->how);
}

/* Where the pool has no thread at all it is done here. */
static GRUVI_SWITCHPOINT int
compress_piece(struct run *run)
{
    int result = UV_EAGAIN;

    if (run->piece.in_size > SMALL)
        result = gruvi_compute(run_there, run, NULL);
    return result == UV_EAGAIN || result == UV_ENOMEM ? run_there(run, NULL)
                                                      : result;
}

static GRUVI_SWITCHPOINT int
send_gathered(struct http_coding *coding)
{
    size_t n = coding->coder->n;

    coding->coder->n = 0;
    return n > 0 ? coding->send(coding->exchange, coding->coder->out, n) : 0;
}

/* Compress a piece, and send what fills the buffer. */
static GRUVI_SWITCHPOINT int
pass_piece(struct http_coding *coding, const char *data, size_t size,
           enum http_coder_how how)
{
    struct http_coder *coder = coding->coder;
    struct run run = {coder, {.in = data, .in_size = size}, how};
    int done, err;

    do {
        run.piece.out = coder->out + coder->n;
        run.piece.out_size = HTTP_CODED - coder->n;
        done = compress_piece(&run);
        if (done < 0)
            return done;
        coder->n = HTTP_CODED - run.piece.out_size;
        err = coder->n == HTTP_CODED ? send_gathered(coding) : 0;
    } while (err == 0 && !done);
    return err;
}

static GRUVI_SWITCHPOINT int
pass(struct http_coding *coding, const void *data, size_t size,
     enum http_coder_how how)
{
    const char *at = data;
    int err = 0;

    for (; err == 0 && size > LARGE; at += LARGE, size -= LARGE)
        err = pass_piece(coding, at, LARGE, HTTP_CODER_MORE);
    if (err == 0)
        err = pass_piece(coding, at, size, how);
    return err == 0 ? send_gathered(coding) : err;
}

GRUVI_SWITCHPOINT int
http_coding_write(struct http_coding *coding, const void *data, size_t size)
{
    return pass(coding, data, size, HTTP_CODER_FLUSH);
}

GRUVI_SWITCHPOINT int
http_coding_end(struct http_coding *coding, const void *data, size_t size)
{
    return pass(coding, data, size, HTTP_CODER_END);
}

/* --- whole bodies --------------------------------------------------------- */

/* What does not become shorter becomes this long. */
static size_t
bound(size_t size)
{
    return size + size / 64 + 256;
}

/* Code a body that becomes reply's; UV_ENOMEM: reply is as before. */
static GRUVI_SWITCHPOINT int
code_whole(struct http_coding *coding, gruvid_reply_t *reply)
{
    size_t room = bound(reply->size);
    struct run run = {.coder = coding->coder, .how = HTTP_CODER_END};
    int done;

    coding->whole = malloc(room);
    if (coding->whole == NULL)
        return UV_ENOMEM;
    run.piece =
        (struct http_piece){reply->data, reply->size, coding->whole, room};
    done = compress_piece(&run);
    if (done != 1)
        return done < 0 ? done : UV_ENOBUFS;
    reply->data = coding->whole;
    reply->size = room - run.piece.out_size;
    return 0;
}

/* --- a reply -------------------------------------------------------------- */

/* The coding of ours that the client prefers; -1: none. */
static int
choose(const struct http_coding_wish *wish)
{
    const struct http_settings *settings = wish->settings;
    int best = -1, most = 0;

    for (int i = 0; i < HTTP_CODINGS; i++) {
        int which = settings->codings[i], weight;

        if (which < 0 || kinds[which] == NULL)
            continue;
        weight = gruvid_coding_weight(wish->headers, wish->n_headers,
                                      kinds[which]->name);
        if (weight > most) {
            most = weight;
            best = which;
        }
    }
    return best >= 0 && most >= gruvid_coding_weight(
                                    wish->headers, wish->n_headers, "identity")
               ? best
               : -1;
}

/* The body will come in pieces, or is coded here. */
static GRUVI_SWITCHPOINT int
begin_body(struct http_coding *coding, gruvid_reply_t *reply)
{
    int err;

    if (!reply->whole || reply->size > WHOLE) {
        reply->whole = false;
        reply->data = NULL;
        reply->size = 0;
        reply->length = -1;
        return 0;
    }
    err = code_whole(coding, reply);
    if (err == 0)
        reply->length = (int64_t)reply->size;
    give(coding->coders, coding->coder);
    coding->coder = NULL;
    return err;
}

/* Returns the coding, -1 for none, or a code below that. */
static GRUVI_SWITCHPOINT int
decide(struct http_coding *coding, const struct http_coding_wish *wish,
       gruvid_reply_t *reply)
{
    int which = choose(wish), err;

    if (which < 0)
        return -1;
    if (reply->head || reply->bodiless) {
        reply->length = -1; /* the body's, which nobody has coded */
        return which;
    }
    coding->coder =
        take(wish->coders, which, wish->settings->levels[which], reply->length);
    if (coding->coder == NULL)
        return -1;
    err = begin_body(coding, reply);
    if (err == UV_ENOMEM)
        return -1;
    return err < 0 ? err : which;
}

GRUVI_SWITCHPOINT int
http_coding_begin(struct http_coding *coding,
                  const struct http_coding_wish *wish, gruvid_reply_t *reply)
{
    int which;

    if (!http_worth(reply, wish->settings))
        return 0;
    coding->coders = wish->coders;
    coding->send = wish->send;
    coding->exchange = wish->exchange;
    which = decide(coding, wish, reply);
    if (which < -1)
        return which;
    coding->head =
        http_worth_head(reply, which < 0 ? NULL : kinds[which]->name);
    return coding->head == NULL ? UV_ENOMEM : 0;
}

void
http_coding_free(struct http_coding *coding)
{
    if (coding->coder != NULL)
        give(coding->coders, coding->coder);
    free(coding->whole);
    free(coding->head);
    *coding = (struct http_coding){0};
}
