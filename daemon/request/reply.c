/* SPDX-License-Identifier: MIT */
/*
 * Replies: headers, and a body that is whole or a stream.
 *
 *   NONE --whole--> ENDED
 *     | begin               BROKEN: a function of the transport has failed,
 *     v                     from any state but the last
 *   BEGUN --end--> ENDED
 *
 * A body that nobody gets, because the request is HEAD or the status has none,
 * is counted and dropped here.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "request/field.h"
#include "request/format.h"
#include "request/port.h"
#include "request/request.h"

#define MAX_HEADERS      100
#define MAX_HEADER_BYTES 32768

/* --- headers -------------------------------------------------------------- */

static bool
make_room(struct gruvid_request *request)
{
    size_t room = request->room == 0 ? 8 : 2 * request->room;
    gruvid_header_t *more;

    if (request->n_headers < request->room)
        return true;
    more = gruvid_request_alloc(request, room * sizeof *more);
    if (more == NULL)
        return false;
    if (request->n_headers > 0)
        memcpy(more, request->headers, request->n_headers * sizeof *more);
    request->headers = more;
    request->room = room;
    return true;
}

int
gruvid__reply_add(struct gruvid_request *request, const char *name,
                  const char *value)
{
    if (!make_room(request))
        return UV_ENOMEM;
    request->headers[request->n_headers++] = (gruvid_header_t){name, value};
    return 0;
}

static int
add_copy(struct gruvid_request *request, const char *name, const char *value)
{
    size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
    char *text;

    if (request->n_headers >= MAX_HEADERS ||
        request->header_bytes + name_size + value_size > MAX_HEADER_BYTES)
        return UV_E2BIG;
    text = gruvid_request_alloc(request, name_size + value_size);
    if (text == NULL)
        return UV_ENOMEM;
    request->header_bytes += name_size + value_size;
    memcpy(text, name, name_size);
    memcpy(text + name_size, value, value_size);
    return gruvid__reply_add(request, text, text + name_size);
}

int
gruvid_reply_header(gruvid_request_t *request, const char *name,
                    const char *value)
{
    if (name == NULL || value == NULL || !gruvid__is_token(name) ||
        !gruvid__is_value(value) || gruvid__is_transports(name))
        return UV_EINVAL;
    if (request->state != GRUVID__REPLY_NONE)
        return UV_EALREADY;
    if (strcasecmp(name, "Content-Length") != 0)
        return add_copy(request, name, value);
    if (gruvid__read_length(value) < 0)
        return UV_EINVAL;
    request->length = gruvid__read_length(value);
    return 0;
}

/* --- beginning ------------------------------------------------------------ */

static bool
has_no_body(int status)
{
    return status == 204 || status == 304;
}

int
gruvid__reply_took(struct gruvid_request *request, int err)
{
    if (err >= 0)
        return 0;
    request->state = GRUVID__REPLY_BROKEN;
    request->error = err;
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__reply_send(struct gruvid_request *request, int status, int64_t length,
                   const void *data, size_t size, bool whole, bool events)
{
    bool bodiless = has_no_body(status);
    bool drops = request->is_head || bodiless;
    gruvid_reply_t reply = {
        .status = status,
        .headers = request->headers,
        .n_headers = request->n_headers,
        .length = bodiless ? -1 : length,
        .data = drops ? NULL : data,
        .size = drops ? 0 : size,
        .whole = whole || drops,
        .head = request->is_head,
        .events = events,
        .bodiless = bodiless,
        .default_retry = request->default_retry,
    };

    gruvid__request_unlimit(request);
    request->state = whole    ? GRUVID__REPLY_ENDED
                     : events ? GRUVID__REPLY_EVENTS
                              : GRUVID__REPLY_BEGUN;
    request->status = status;
    request->length = length;
    request->is_dropped = drops;
    return gruvid__reply_took(request, gruvid__port_begin(request, &reply));
}

/* Why a reply cannot begin; 0: it can. */
static int
check(const struct gruvid_request *request, int status)
{
    if (request->state == GRUVID__REPLY_BROKEN)
        return request->error;
    if (request->state != GRUVID__REPLY_NONE)
        return UV_EALREADY;
    return status < 200 || status > 599 ? UV_EINVAL : 0;
}

/* --- whole replies -------------------------------------------------------- */

/* type: known to be right. */
static GRUVI_SWITCHPOINT int
reply_whole(gruvid_request_t *request, int status, const char *type,
            const void *data, size_t size)
{
    int64_t length = (int64_t)size;
    int err = check(request, status);

    if (err < 0)
        return err;
    if (request->is_head && size == 0 && request->length >= 0)
        length = request->length;
    else if (request->length >= 0 && request->length != length)
        return UV_EINVAL;
    if (type != NULL)
        err = gruvid__reply_add(request, "Content-Type", type);
    return err < 0 ? err
                   : gruvid__reply_send(request, status, length, data, size,
                                        true, false);
}

GRUVI_SWITCHPOINT int
gruvid_reply(gruvid_request_t *request, int status, const char *type,
             const void *data, size_t size)
{
    int err = check(request, status);

    if (err < 0)
        return err;
    if (type != NULL && !gruvid__is_value(type))
        return UV_EINVAL;
    return reply_whole(request, status, type, data, size);
}

#define PLAIN "text/plain; charset=utf-8"

static GRUVI_SWITCHPOINT int
reply_formatted(gruvid_request_t *request, int status, const char *format,
                size_t size, va_list args)
{
    char *text = malloc(size + 1);
    int err;

    if (text == NULL)
        return UV_ENOMEM;
    vsnprintf(text, size + 1, format, args);
    err = reply_whole(request, status, PLAIN, text, size);
    free(text);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid_reply_text(gruvid_request_t *request, int status, const char *format,
                  ...)
{
    char text[512];
    va_list args;
    int length, err;

    va_start(args, format);
    length = gruvid__format(text, sizeof text, format, args);
    va_end(args);
    if (length < 0)
        return UV_EINVAL;
    if ((size_t)length < sizeof text)
        return reply_whole(request, status, PLAIN, text, (size_t)length);
    va_start(args, format);
    err = reply_formatted(request, status, format, (size_t)length, args);
    va_end(args);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid_reply_json(gruvid_request_t *request, int status, const char *text)
{
    return reply_whole(request, status, "application/json", text, strlen(text));
}

static bool
is_redirect(int status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

GRUVI_SWITCHPOINT int
gruvid_reply_redirect(gruvid_request_t *request, int status,
                      const char *location)
{
    char *text;
    int err = check(request, status);

    if (err < 0)
        return err;
    if (!is_redirect(status) || *location == '\0')
        return UV_EINVAL;
    text = gruvid_request_alloc(request, 3 * strlen(location) + 1);
    if (text == NULL)
        return UV_ENOMEM;
    gruvid__encode_uri(text, location);
    err = gruvid__reply_add(request, "Location", text);
    return err < 0 ? err : gruvid_reply(request, status, NULL, NULL, 0);
}

/* --- streams -------------------------------------------------------------- */

GRUVI_SWITCHPOINT int
gruvid_reply_begin(gruvid_request_t *request, int status)
{
    int err = check(request, status);

    return err < 0 ? err
                   : gruvid__reply_send(request, status, request->length, NULL,
                                        0, false, false);
}

/* Why a stream cannot go on; 0: it can. */
static int
check_stream(const struct gruvid_request *request)
{
    if (request->state == GRUVID__REPLY_BROKEN)
        return request->error;
    return request->state == GRUVID__REPLY_BEGUN ? 0 : UV_EPERM;
}

GRUVI_SWITCHPOINT int
gruvid_reply_write(gruvid_request_t *request, const void *data, size_t size)
{
    int err = check_stream(request);

    if (err < 0)
        return err;
    if (request->length >= 0 &&
        size > (uint64_t)(request->length - request->written))
        return UV_E2BIG;
    request->written += (int64_t)size;
    if (size == 0 || request->is_dropped)
        return 0;
    return gruvid__reply_took(request, gruvid__port_write(request, data, size));
}

GRUVI_SWITCHPOINT int
gruvid_reply_end(gruvid_request_t *request)
{
    int err =
        request->state == GRUVID__REPLY_EVENTS ? 0 : check_stream(request);

    if (err < 0)
        return err;
    if (request->length >= 0 && request->written < request->length &&
        !request->is_dropped)
        return gruvid__reply_took(request, UV_EPROTO);
    request->state = GRUVID__REPLY_ENDED;
    return request->is_dropped
               ? 0
               : gruvid__reply_took(request, gruvid__port_end(request));
}

/* --- events --------------------------------------------------------------- */

static bool
is_one_line(const char *text)
{
    return text == NULL || text[strcspn(text, "\r\n")] == '\0';
}

static GRUVI_SWITCHPOINT int
begin_events(struct gruvid_request *request)
{
    int err = gruvid__reply_add(request, "Content-Type", "text/event-stream");

    if (err == 0)
        err = gruvid__reply_add(request, "Cache-Control", "no-store");
    /* What may last for days is no time of an answer. */
    request->ended = uv_hrtime();
    return err < 0 ? err
                   : gruvid__reply_send(request, 200, -1, NULL, 0, false, true);
}

static char *
put(char *to, const char *name, const char *text, size_t length)
{
    to = stpcpy(to, name);
    to = mempcpy(to, text, length);
    *to++ = '\n';
    return to;
}

/* At most seven bytes for each byte of data, which may be ends of lines alone.
 */
static size_t
put_event(char *to, const char *event, const char *id, const char *data)
{
    char *at = to;

    if (event != NULL)
        at = put(at, "event: ", event, strlen(event));
    if (id != NULL)
        at = put(at, "id: ", id, strlen(id));
    for (;;) {
        size_t length = strcspn(data, "\r\n");

        at = put(at, "data: ", data, length);
        data += length;
        if (*data == '\0')
            break;
        data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
    }
    *at++ = '\n';
    return (size_t)(at - to);
}

static size_t
room_for(const char *event, const char *id, const char *data)
{
    return 32 + (event == NULL ? 0 : strlen(event)) +
           (id == NULL ? 0 : strlen(id)) + 8 * (strlen(data) + 1);
}

GRUVI_SWITCHPOINT int
gruvid_reply_event(gruvid_request_t *request, const char *event, const char *id,
                   const char *data)
{
    char *text;
    int err = 0;

    if (!is_one_line(event) || !is_one_line(id) || data == NULL)
        return UV_EINVAL;
    if (request->state == GRUVID__REPLY_BROKEN)
        return request->error;
    if (request->state != GRUVID__REPLY_NONE &&
        request->state != GRUVID__REPLY_EVENTS)
        return UV_EPERM;
    text = malloc(room_for(event, id, data));
    if (text == NULL)
        return UV_ENOMEM;
    if (request->state == GRUVID__REPLY_NONE)
        err = begin_events(request);
    if (err == 0 && request->is_dropped)
        err = UV_EPIPE; /* nobody would ever end it */
    if (err == 0)
        err = gruvid__reply_took(
            request, gruvid__port_write(request, text,
                                        put_event(text, event, id, data)));
    free(text);
    return err;
}

/* --- upgrades ------------------------------------------------------------- */

/* Whether the request asks for it, as RFC 9110 says. */
static bool
asks_for(struct gruvid_request *request, const char *protocol)
{
    const char *connection = gruvid_request_header(request, "Connection");
    const char *upgrade = gruvid_request_header(request, "Upgrade");

    return protocol != NULL && gruvid__is_value(protocol) &&
           connection != NULL && upgrade != NULL &&
           gruvid__list_has(connection, "upgrade") &&
           gruvid__list_has(upgrade, protocol);
}

GRUVI_SWITCHPOINT int
gruvid_request_upgrade(gruvid_request_t *request, const char *protocol,
                       gruvi_stream_t **stream)
{
    const gruvid_transport_t *transport = request->in.transport;
    gruvid_reply_t reply = {.status = 101,
                            .headers = request->headers,
                            .n_headers = request->n_headers,
                            .length = -1,
                            .whole = true,
                            .bodiless = true};
    int err = check(request, 200);

    *stream = NULL;
    if (err < 0)
        return err;
    if (transport->upgrade == NULL || request->crossing != NULL)
        return UV_ENOTSUP;
    if (!asks_for(request, protocol))
        return UV_EINVAL;
    request->ended = uv_hrtime();
    err = transport->upgrade(request->in.exchange, protocol, &reply, stream);
    if (err == UV_ENOTSUP) {
        request->ended = 0;
        return err; /* another reply can still be sent */
    }
    gruvid__request_unlimit(request);
    request->status = 101;
    request->state = GRUVID__REPLY_UPGRADED;
    if (err < 0)
        *stream = NULL;
    return gruvid__reply_took(request, err);
}
