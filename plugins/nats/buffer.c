/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "head.h"

/* What malloc() keeps at hand: a reply has two of these. */
#define LEAST 512

bool
nats_reserve(struct nats_buffer *buffer, size_t more)
{
    size_t room = buffer->room == 0 ? LEAST : buffer->room;
    char *data;

    if (more <= buffer->room - buffer->size)
        return true;
    while (room - buffer->size < more)
        room *= 2;
    data = realloc(buffer->data, room);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->room = room;
    return true;
}

bool
nats_put(struct nats_buffer *buffer, const void *data, size_t size)
{
    if (!nats_reserve(buffer, size))
        return false;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return true;
}

bool
nats_put_text(struct nats_buffer *buffer, const char *text)
{
    return nats_put(buffer, text, strlen(text));
}

void
nats_buffer_free(struct nats_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct nats_buffer){NULL, 0, 0};
}

/* --- commands ------------------------------------------------------------- */

/* Whether all of a command was put; else what it has put is taken back. */
static bool
all_or_nothing(struct nats_buffer *buffer, size_t before, bool done)
{
    if (!done)
        buffer->size = before;
    return done;
}

/* printf() would take a tenth of the time of a request. */
bool
nats_put_number(struct nats_buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return nats_put(buffer, digits + at, sizeof digits - at);
}

bool
nats_put_connect(struct nats_buffer *buffer, const char *json)
{
    size_t before = buffer->size;

    return all_or_nothing(buffer, before,
                          nats_put_text(buffer, "CONNECT ") &&
                              nats_put_text(buffer, json) &&
                              nats_put_text(buffer, "\r\n"));
}

bool
nats_put_ping(struct nats_buffer *buffer)
{
    return nats_put_text(buffer, "PING\r\n");
}

bool
nats_put_pong(struct nats_buffer *buffer)
{
    return nats_put_text(buffer, "PONG\r\n");
}

bool
nats_put_sub(struct nats_buffer *buffer, const char *subject, const char *group,
             uint64_t sid)
{
    size_t before = buffer->size;

    return all_or_nothing(
        buffer, before,
        nats_put_text(buffer, "SUB ") && nats_put_text(buffer, subject) &&
            (group == NULL ||
             (nats_put_text(buffer, " ") && nats_put_text(buffer, group))) &&
            nats_put_text(buffer, " ") && nats_put_number(buffer, sid) &&
            nats_put_text(buffer, "\r\n"));
}

bool
nats_put_unsub(struct nats_buffer *buffer, uint64_t sid)
{
    size_t before = buffer->size;

    return all_or_nothing(buffer, before,
                          nats_put_text(buffer, "UNSUB ") &&
                              nats_put_number(buffer, sid) &&
                              nats_put_text(buffer, "\r\n"));
}

bool
nats_put_publish(struct nats_buffer *buffer, const char *subject,
                 const char *reply, const struct nats_buffer *head,
                 const void *data, size_t size)
{
    size_t before = buffer->size;
    size_t head_size = head == NULL ? 0 : head->size;

    return all_or_nothing(
        buffer, before,
        nats_put_text(buffer, head == NULL ? "PUB " : "HPUB ") &&
            nats_put_text(buffer, subject) &&
            (reply == NULL ||
             (nats_put_text(buffer, " ") && nats_put_text(buffer, reply))) &&
            nats_put_text(buffer, " ") &&
            (head == NULL || (nats_put_number(buffer, head_size) &&
                              nats_put_text(buffer, " "))) &&
            nats_put_number(buffer, head_size + size) &&
            nats_put_text(buffer, "\r\n") &&
            (head == NULL || nats_put(buffer, head->data, head_size)) &&
            nats_put(buffer, data, size) && nats_put_text(buffer, "\r\n"));
}

/* --- heads ---------------------------------------------------------------- */

bool
nats_put_version(struct nats_buffer *head)
{
    return nats_put_text(head, "NATS/1.0\r\n");
}

bool
nats_put_field(struct nats_buffer *head, const char *name, const char *value)
{
    size_t before = head->size;

    return nats_is_name(name, strlen(name)) &&
           nats_is_value(value, strlen(value)) &&
           all_or_nothing(
               head, before,
               nats_put_text(head, name) && nats_put_text(head, ": ") &&
                   nats_put_text(head, value) && nats_put_text(head, "\r\n"));
}
