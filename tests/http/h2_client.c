/* SPDX-License-Identifier: MIT */
#include "http/h2_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_OPENSSL
#include "unit/certificates.h"
#endif

#define WINDOW 65535

/* --- connections ---------------------------------------------------------- */

static struct h2 *
h2_new(void)
{
    struct h2 *h2 = calloc(1, sizeof *h2);

    ck_assert_ptr_nonnull(h2);
    h2->next_stream = 1;
    h2->window = WINDOW;
    h2->setting[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE] = WINDOW;
    ck_assert_int_eq(nghttp2_hd_inflate_new(&h2->inflater), 0);
    return h2;
}

static void
send_preface(struct h2 *h2)
{
    h2_wire_send(&h2->wire, H2_PREFACE, strlen(H2_PREFACE));
    h2_send(h2, H2_SETTINGS, 0, 0, "", 0);
}

struct h2 *
h2_begin(int fd, bool preface)
{
    struct h2 *h2 = h2_new();

    h2_wire_open(&h2->wire, fd);
    if (preface)
        send_preface(h2);
    return h2;
}

#ifdef HAVE_OPENSSL
struct h2 *
h2_begin_tls(int fd, bool preface)
{
    struct h2 *h2 = h2_new();

    h2_wire_open_tls(&h2->wire, fd);
    if (preface)
        send_preface(h2);
    return h2;
}

struct gruvid *
h2_secure_gruvid(int *port)
{
    char section[1024];
    struct gruvid *g;

    snprintf(section, sizeof section,
             "[plugin secure]\nmodule = http\nlisten = tls://127.0.0.1:0\n"
             "tls_certificate = %s\ntls_key = %s\n"
             "route = /{path...} -> mirror\n",
             certificate("good.pem"), certificate("good.key"));
    g = http_begin(section);
    *port = atoi(gruvid_says(g, "listening on tls://127.0.0.1:"));
    return g;
}
#endif

struct h2 *
h2_connect(struct gruvid *g)
{
    return h2_begin(connect_to(g, 0), true);
}

static void
close_it(struct h2 *h2, bool with_reset)
{
    while (h2->first != NULL)
        h2_forget(h2, h2->first->stream);
    nghttp2_hd_inflate_del(h2->inflater);
    h2_wire_close(&h2->wire, with_reset);
    free(h2);
}

void
h2_close(struct h2 *h2)
{
    close_it(h2, false);
}

void
h2_close_with_reset(struct h2 *h2)
{
    close_it(h2, true);
}

/* --- sending -------------------------------------------------------------- */

void
h2_send(struct h2 *h2, unsigned type, unsigned flags, uint32_t stream,
        const void *payload, size_t size)
{
    struct bytes bytes = {NULL, 0};

    h2_add_frame(&bytes, type, flags, stream, payload, size);
    h2_wire_send(&h2->wire, bytes.data, bytes.size);
    free(bytes.data);
}

void
h2_send_number(struct h2 *h2, unsigned type, uint32_t stream, uint32_t number)
{
    struct bytes bytes = {NULL, 0};

    h2_add_number(&bytes, number, 4);
    h2_send(h2, type, 0, stream, bytes.data, bytes.size);
    free(bytes.data);
}

void
h2_set(struct h2 *h2, unsigned setting, uint32_t value)
{
    struct bytes bytes = {NULL, 0};

    h2_add_number(&bytes, setting, 2);
    h2_add_number(&bytes, value, 4);
    h2_send(h2, H2_SETTINGS, 0, 0, bytes.data, bytes.size);
    free(bytes.data);
}

/* "name: value\n" each. */
static void
add_fields(struct bytes *block, const char *fields)
{
    while (*fields != '\0') {
        size_t name = strcspn(fields, ":"), value;

        fields += 0;
        value = strcspn(fields + name + 2, "\n");
        h2_add_field(block, fields, name, fields + name + 2, value);
        fields += name + 2 + value + 1;
    }
}

uint32_t
h2_request(struct h2 *h2, unsigned flags, const char *method, const char *path,
           const char *more)
{
    struct bytes block = {NULL, 0};
    uint32_t stream = h2->next_stream;

    h2->next_stream += 2;
    h2_answer_of(h2, stream);
    h2_add_request(&block, method, path);
    add_fields(&block, more);
    h2_send(h2, H2_HEADERS, flags | H2_END_HEADERS, stream, block.data,
            block.size);
    free(block.data);
    return stream;
}

uint32_t
h2_get(struct h2 *h2, const char *path)
{
    return h2_request(h2, H2_END_STREAM, "GET", path, "");
}

static uint64_t
least(uint64_t a, int64_t b, int64_t c)
{
    if (b < (int64_t)a)
        a = b > 0 ? (uint64_t)b : 0;
    if (c < (int64_t)a)
        a = c > 0 ? (uint64_t)c : 0;
    return a;
}

void
h2_upload(struct h2 *h2, uint32_t stream, uint64_t size, bool end)
{
    static const char zeros[16384];

    while (size > 0) {
        struct h2_answer *answer = h2_answer_of(h2, stream);
        uint64_t part = least(size < sizeof zeros ? size : sizeof zeros,
                              h2->window, answer->window);
        if (part == 0) {
            ck_assert_msg(h2_step(h2), "no window, but the end");
            continue;
        }
        size -= part;
        h2->window -= (int64_t)part;
        answer->window -= (int64_t)part;
        h2_send(h2, H2_DATA, size == 0 && end ? H2_END_STREAM : 0, stream,
                zeros, part);
    }
}

/* --- answers -------------------------------------------------------------- */

struct h2_answer *
h2_answer_of(struct h2 *h2, uint32_t stream)
{
    struct h2_answer *answer = h2->first;

    while (answer != NULL && answer->stream != stream)
        answer = answer->next;
    if (answer != NULL)
        return answer;
    answer = calloc(1, sizeof *answer);
    ck_assert_ptr_nonnull(answer);
    answer->stream = stream;
    answer->window = h2->setting[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE];
    bytes_append(&answer->head, "", 0);
    bytes_append(&answer->body, "", 0);
    answer->next = h2->first;
    h2->first = answer;
    return answer;
}

void
h2_forget(struct h2 *h2, uint32_t stream)
{
    struct h2_answer **at = &h2->first, *answer;

    while (*at != NULL && (*at)->stream != stream)
        at = &(*at)->next;
    answer = *at;
    if (answer == NULL)
        return;
    *at = answer->next;
    free(answer->head.data);
    free(answer->body.data);
    free(answer);
}

const char *
h2_header(const struct h2_answer *answer, const char *name)
{
    static char value[4096];
    size_t length = strlen(name);

    for (const char *line = answer->head.data; *line != '\0';
         line = strchr(line, '\n') + 1) {
        if (strncmp(line, name, length) == 0 &&
            strncmp(line + length, ": ", 2) == 0) {
            line += length + 2;
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\n"),
                     line);
            return value;
        }
    }
    return NULL;
}

/* --- frames of the server ------------------------------------------------- */

static void
add_header(struct h2_answer *answer, const nghttp2_nv *field)
{
    for (size_t i = 0; i < field->namelen; i++)
        ck_assert_msg(field->name[i] < 'A' || field->name[i] > 'Z',
                      "a name in upper case: %s", field->name);
    bytes_append(&answer->head, (const char *)field->name, field->namelen);
    bytes_append(&answer->head, ": ", 2);
    bytes_append(&answer->head, (const char *)field->value, field->valuelen);
    bytes_append(&answer->head, "\n", 1);
}

static void
decode(struct h2 *h2, struct h2_answer *answer, const struct h2_frame *frame)
{
    const uint8_t *at = frame->payload;
    size_t size = frame->size;
    bool last = (frame->flags & H2_END_HEADERS) != 0;
    int flags;

    do {
        nghttp2_nv field;
        ssize_t n = nghttp2_hd_inflate_hd2(h2->inflater, &field, &flags, at,
                                           size, last);
        ck_assert_msg(n >= 0, "a header block that cannot be read");
        at += n;
        size -= (size_t)n;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            add_header(answer, &field);
    } while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0 &&
             (size > 0 || (flags & NGHTTP2_HD_INFLATE_EMIT) != 0));
    if (last)
        nghttp2_hd_inflate_end_headers(h2->inflater);
}

static void
on_header_block(struct h2 *h2, struct h2_answer *answer,
                const struct h2_frame *frame)
{
    const char *status;

    decode(h2, answer, frame);
    if ((frame->flags & H2_END_HEADERS) == 0)
        return;
    status = h2_header(answer, ":status");
    ck_assert_msg(status != NULL, "an answer without a status: %s",
                  answer->head.data);
    if (atoi(status) >= 200) {
        answer->status = atoi(status);
    } else {
        answer->interim++;
        answer->head.size = 0;
        answer->head.data[0] = '\0';
    }
}

/* No answer is padded, so what comes is what there is. */
static void
on_data(struct h2 *h2, struct h2_answer *answer, const struct h2_frame *frame)
{
    ck_assert_msg(answer->status != 0, "a body without an answer");
    ck_assert_msg(!answer->over, "a body behind its end");
    h2->data += frame->size;
    if (h2->counts)
        answer->body.size += frame->size;
    else
        bytes_append(&answer->body, (const char *)frame->payload, frame->size);
    if (h2->holds || frame->size == 0)
        return;
    h2_send_number(h2, H2_WINDOW_UPDATE, 0, (uint32_t)frame->size);
    if ((frame->flags & H2_END_STREAM) == 0)
        h2_send_number(h2, H2_WINDOW_UPDATE, frame->stream,
                       (uint32_t)frame->size);
}

static void
on_settings(struct h2 *h2, const struct h2_frame *frame)
{
    uint32_t before = h2->setting[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE];

    if ((frame->flags & H2_ACK) != 0) {
        h2->settings_acks++;
        return;
    }
    h2->settings++;
    for (size_t i = 0; i + 6 <= frame->size; i += 6) {
        uint32_t number = h2_number(frame->payload + i, 2);
        if (number >= 8)
            continue;
        h2->setting[number] = h2_number(frame->payload + i + 2, 4);
        h2->has_setting[number] = true;
    }
    for (struct h2_answer *a = h2->first; a != NULL; a = a->next)
        a->window +=
            (int64_t)h2->setting[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE] - before;
    if (!h2->silent)
        h2_send(h2, H2_SETTINGS, H2_ACK, 0, "", 0);
}

static void
on_ping(struct h2 *h2, const struct h2_frame *frame)
{
    ck_assert_uint_eq(frame->size, 8);
    if ((frame->flags & H2_ACK) != 0) {
        h2->pongs++;
        memcpy(h2->pong, frame->payload, 8);
        return;
    }
    h2->pings++;
    if (!h2->silent)
        h2_send(h2, H2_PING, H2_ACK, 0, frame->payload, 8);
}

static void
on_goaway(struct h2 *h2, const struct h2_frame *frame)
{
    ck_assert_uint_ge(frame->size, 8);
    h2->last_stream = h2_number(frame->payload, 4);
    h2->code = h2_number(frame->payload + 4, 4);
    if (h2->goaways++ == 0)
        h2->first_last_stream = h2->last_stream;
}

static void
on_window_update(struct h2 *h2, const struct h2_frame *frame)
{
    uint32_t n = h2_number(frame->payload, 4);

    ck_assert_uint_gt(n, 0);
    if (frame->stream == 0) {
        h2->window += n;
        h2->credit += n;
    } else {
        struct h2_answer *answer = h2_answer_of(h2, frame->stream);
        answer->window += n;
        answer->credit += n;
    }
}

static void
on_stream(struct h2 *h2, const struct h2_frame *frame)
{
    struct h2_answer *answer = h2_answer_of(h2, frame->stream);

    ck_assert_uint_ne(frame->stream, 0);
    if (frame->type == H2_DATA) {
        on_data(h2, answer, frame);
    } else if (frame->type == H2_RST_STREAM) {
        answer->was_reset = true;
        answer->code = h2_number(frame->payload, 4);
    } else {
        on_header_block(h2, answer, frame);
    }
    if ((frame->type == H2_DATA || frame->type == H2_HEADERS) &&
        (frame->flags & H2_END_STREAM) != 0)
        answer->over = true;
}

bool
h2_step(struct h2 *h2)
{
    struct h2_frame frame;

    if (!h2_wire_read(&h2->wire, &frame)) {
        h2->ended = true;
        return false;
    }
    ck_assert_msg(h2->settings > 0 || frame.type == H2_SETTINGS,
                  "the first frame is no SETTINGS");
    switch (frame.type) {
    case H2_SETTINGS:
        on_settings(h2, &frame);
        break;
    case H2_PING:
        on_ping(h2, &frame);
        break;
    case H2_GOAWAY:
        on_goaway(h2, &frame);
        break;
    case H2_WINDOW_UPDATE:
        on_window_update(h2, &frame);
        break;
    case H2_DATA:
    case H2_HEADERS:
    case H2_CONTINUATION:
    case H2_RST_STREAM:
        on_stream(h2, &frame);
        break;
    default:
        ck_abort_msg("the server sends %s", h2_type_name(frame.type));
    }
    return true;
}

/* --- waits ---------------------------------------------------------------- */

/* What the connection ended with, for messages. */
static const char *
end_of(const struct h2 *h2)
{
    return h2->goaways == 0 ? "without GOAWAY" : h2_code_name(h2->code);
}

bool
h2_finish(struct h2 *h2, uint32_t stream)
{
    struct h2_answer *answer = h2_answer_of(h2, stream);

    while (!answer->over && !answer->was_reset && h2_step(h2))
        ;
    return answer->over || answer->was_reset;
}

void
h2_answers(struct h2 *h2, uint32_t stream, int status, const char *body)
{
    struct h2_answer *answer = h2_answer_of(h2, stream);

    if (!h2_finish(h2, stream))
        ck_abort_msg("no answer, but the end: %s", end_of(h2));
    if (!answer->over)
        ck_abort_msg("reset with %s, not answered", h2_code_name(answer->code));
    ck_assert_int_eq(answer->status, status);
    if (body != NULL)
        ck_assert_str_eq(answer->body.data, body);
    h2_forget(h2, stream);
}

void
h2_ask(struct h2 *h2, const char *path, int status, const char *body)
{
    h2_answers(h2, h2_get(h2, path), status, body);
}

void
h2_is_reset(struct h2 *h2, uint32_t stream, uint32_t code)
{
    struct h2_answer *answer = h2_answer_of(h2, stream);

    while (!answer->was_reset)
        if (!h2_step(h2))
            ck_abort_msg("no reset, but the end: %s", end_of(h2));
    if (answer->code != code) {
        ck_assert_str_eq(h2_code_name(answer->code), h2_code_name(code));
        ck_assert_uint_eq(answer->code, code);
    }
}

void
h2_goes_away(struct h2 *h2, uint32_t code)
{
    while (h2_step(h2))
        ;
    ck_assert_msg(h2->goaways > 0, "the end, without GOAWAY");
    if (h2->code != code)
        ck_abort_msg("GOAWAY with %s", h2_code_name(h2->code));
}

void
h2_round_trip(struct h2 *h2)
{
    unsigned before = h2->pongs;

    h2_send(h2, H2_PING, 0, 0, "roundtri", 8);
    while (h2->pongs == before)
        if (!h2_step(h2))
            ck_abort_msg("no answer to PING, but the end: %s", end_of(h2));
}

void
h2_await_body(struct h2 *h2, uint32_t stream, size_t size)
{
    const struct h2_answer *answer = h2_answer_of(h2, stream);

    while (answer->body.size < size)
        if (!h2_step(h2))
            ck_abort_msg("%zu bytes, and the end: %s", answer->body.size,
                         end_of(h2));
}
