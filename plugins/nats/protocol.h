/* SPDX-License-Identifier: MIT */
/*
 * The protocol of core NATS, as a server speaks it: operations of a line, and
 * for messages a block behind the line.
 *
 *   INFO {json}                              PING  PONG  +OK  -ERR 'text'
 *   MSG subject sid [reply] size             data
 *   HMSG subject sid [reply] head size       head, data
 *
 * It works on bytes: no input, no output.  It is strict, because what follows
 * a line that was read in another way than it was meant is taken for commands.
 */
#ifndef NATS_PROTOCOL_H
#define NATS_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The most bytes of a line, that of INFO, and of a message, with its head. */
#define NATS_LINE      4096
#define NATS_INFO_LINE 65536
#define NATS_PAYLOAD   (64 << 20)

enum nats_op {
    NATS_INFO,
    NATS_MESSAGE,
    NATS_PING,
    NATS_PONG,
    NATS_OK,
    NATS_ERR
};

/* Part of the caller's buffer. */
struct nats_span {
    const char *at;
    size_t size;
};

struct nats_input {
    enum nats_op op;
    struct nats_span text; /* of INFO and -ERR, what follows the word */

    /* Of a message. */
    uint64_t sid;
    struct nats_span subject, reply; /* reply: of size 0: none */
    struct nats_span head;           /* of size 0: none */
    struct nats_span data;
};

/*
 * Read the operation that a buffer begins with.
 *
 *   need  how many bytes the buffer has to have before another call makes
 *         sense, where this returns 0
 *
 * Returns the number of its bytes; 0: it is not all there.
 * Errors:  UV_EPROTO.
 */
ssize_t nats_parse(const char *data, size_t size, struct nats_input *input,
                   size_t *need);

/* Whether text is a subject to publish to: tokens that are not empty, without
 * blanks, control bytes and wildcards. */
bool nats_is_subject(const char *text, size_t size);

/* Whether it is one to subscribe to: tokens may be "*", and the last ">". */
bool nats_is_pattern(const char *text, size_t size);

/* Whether a pattern stands for a subject. */
bool nats_subject_fits(const char *subject, const char *pattern);

/* Copy text of a server, as much of it as there is room for: nothing of it may
 * end a line of the log. */
void nats_quote(char *to, size_t room, const char *text, size_t size);

#endif
