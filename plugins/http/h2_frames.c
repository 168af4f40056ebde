/* SPDX-License-Identifier: MIT */
#include "h2_frames.h"

#include <string.h>

/* Seconds that are counted together. */
#define PERIOD 10.0

/* Of a header block. */
#define MOST_CONTINUATIONS 8
#define MOST_BLOCK         65536

enum { DATA, HEADERS, PRIORITY, RESET, SETTINGS, PING = 6, CONTINUATION = 9 };
enum { PRIORITY_UPDATE = 16 };
enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8 };

void
h2_frames_init(struct h2_frames *frames)
{
    *frames = (struct h2_frames){.left = H2_PREFACE_SIZE};
}

bool
h2_frames_count(struct h2_frames *frames, enum h2_limit what, double now)
{
    static const unsigned most[] = {
        [H2_RESETS] = 200,
        [H2_CONTROLS] = 100,
        [H2_EMPTY] = 100,
    };
    struct h2_rate *rate = &frames->rates[what];

    if (rate->n == 0 || now - rate->since >= PERIOD)
        *rate = (struct h2_rate){.since = now};
    return ++rate->n > most[what];
}

static enum h2_limit
count(struct h2_frames *frames, enum h2_limit what, double now)
{
    return h2_frames_count(frames, what, now) ? what : H2_LIMITS;
}

static enum h2_limit
block(struct h2_frames *frames, double now)
{
    uint8_t flags = frames->head[4];

    frames->last_of_block = (flags & END_HEADERS) != 0;
    frames->in_block = frames->left > 0 || !frames->last_of_block;
    frames->block += frames->left;
    if (frames->block > MOST_BLOCK)
        return H2_BLOCK;
    if (frames->continuations > MOST_CONTINUATIONS)
        return H2_CONTINUATIONS;
    if (frames->left == 0 &&
        (frames->head[3] == CONTINUATION || !(flags & END_STREAM)))
        return count(frames, H2_EMPTY, now);
    return H2_LIMITS;
}

/* The head of a frame is there. */
static enum h2_limit
look(struct h2_frames *frames, double now)
{
    const uint8_t *head = frames->head;

    frames->left = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    switch (head[3]) {
    case DATA:
        if (head[4] & END_STREAM)
            return H2_LIMITS;
        frames->padded = (head[4] & PADDED) != 0 && frames->left > 0;
        return frames->left == 0 ? count(frames, H2_EMPTY, now) : H2_LIMITS;
    case HEADERS:
        frames->block = frames->continuations = 0;
        return block(frames, now);
    case CONTINUATION:
        frames->continuations++;
        return block(frames, now);
    case RESET:
        return count(frames, H2_RESETS, now);
    case PRIORITY:
    case PRIORITY_UPDATE:
    case SETTINGS:
    case PING:
        return count(frames, H2_CONTROLS, now);
    default:
        return H2_LIMITS;
    }
}

/* Payload, at least a byte.  Returns how much of it. */
static size_t
pass(struct h2_frames *frames, const uint8_t *data, size_t size, double now,
     enum h2_limit *limit)
{
    size_t n = size < frames->left ? size : frames->left;

    if (frames->padded) {
        frames->padded = false;
        if (data[0] + 1u == frames->left) {
            *limit = count(frames, H2_EMPTY, now);
            if (*limit != H2_LIMITS)
                return 0;
        }
    }
    frames->left -= (uint32_t)n;
    if (frames->left == 0 && frames->last_of_block)
        frames->in_block = frames->last_of_block = false;
    return n;
}

/* More of the head of a frame.  Returns how many bytes. */
static size_t
gather(struct h2_frames *frames, const uint8_t *data, size_t size)
{
    size_t n = sizeof frames->head - frames->have;

    n = size < n ? size : n;
    memcpy(frames->head + frames->have, data, n);
    frames->have += (uint8_t)n;
    return n;
}

size_t
h2_frames_scan(struct h2_frames *frames, const uint8_t *data, size_t size,
               double now, enum h2_limit *limit)
{
    size_t at = 0;

    *limit = H2_LIMITS;
    while (at < size && *limit == H2_LIMITS) {
        if (frames->left > 0) {
            at += pass(frames, data + at, size - at, now, limit);
            continue;
        }
        at += gather(frames, data + at, size - at);
        if (frames->have == sizeof frames->head) {
            frames->have = 0;
            *limit = look(frames, now);
        }
    }
    return at;
}
