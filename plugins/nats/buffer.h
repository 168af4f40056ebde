/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow, and the commands of a client in them.  A command that does
 * not fit in memory leaves nothing of itself.
 */
#ifndef NATS_BUFFER_H
#define NATS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nats_buffer {
    char *data;
    size_t size, room;
};

/* Make room for more bytes; false: without memory. */
bool nats_reserve(struct nats_buffer *buffer, size_t more);

/* Append; false: nothing was, without memory. */
bool nats_put(struct nats_buffer *buffer, const void *data, size_t size);
bool nats_put_text(struct nats_buffer *buffer, const char *text);

void nats_buffer_free(struct nats_buffer *buffer);

/* Append the digits of a number. */
bool nats_put_number(struct nats_buffer *buffer, uint64_t number);

/* Commands.  Subjects and text were checked. */
bool nats_put_connect(struct nats_buffer *buffer, const char *json);
bool nats_put_ping(struct nats_buffer *buffer);
bool nats_put_pong(struct nats_buffer *buffer);
/* group: NULL: none */
bool nats_put_sub(struct nats_buffer *buffer, const char *subject,
                  const char *group, uint64_t sid);
bool nats_put_unsub(struct nats_buffer *buffer, uint64_t sid);
/* PUB, or HPUB with a head; reply, head: NULL: none. */
bool nats_put_publish(struct nats_buffer *buffer, const char *subject,
                      const char *reply, const struct nats_buffer *head,
                      const void *data, size_t size);

/* A head for them: begin it, add fields, end it with "\r\n".  A malformed field
 * is false, too. */
bool nats_put_version(struct nats_buffer *head);
bool nats_put_field(struct nats_buffer *head, const char *name,
                    const char *value);

#endif
