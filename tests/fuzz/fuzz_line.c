/* SPDX-License-Identifier: MIT */
/*
 * Lines: any bytes as what a peer sends, read line by line, and any bytes as
 * what a plugin logs.
 *
 *   read    a peer sends in pieces, whose sizes the first bytes say; each line
 *           has to be what it is without the pieces, and what does not fit may
 *           be read by other means, so no byte is lost
 *   logged  in each style, a line has one end; that of JSON is read again as
 *           the text that was logged
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "io/stream/stream.h"
#include "log/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The most bytes of a line. */
#define ROOM 40

static void
must(bool holds)
{
    if (!holds)
        abort();
}

/* --- reading -------------------------------------------------------------- */

struct peer {
    gruvi_stream_t *stream;
    const char *data;
    size_t size;
    unsigned pieces; /* three bits a size */
};

static GRUVI_SWITCHPOINT int
send_pieces(void *arg)
{
    struct peer *peer = arg;
    unsigned pieces = peer->pieces;
    size_t at = 0;

    while (at < peer->size) {
        size_t n = (pieces & 7) == 7 ? 100 : (pieces & 7) + 1;

        if (n > peer->size - at)
            n = peer->size - at;
        must(gruvi_stream_write(peer->stream, peer->data + at, n) == 0);
        at += n;
        if (pieces & 1)
            must(gruvi_sleep(0) == 0);
        pieces = pieces >> 3 | pieces << 29;
    }
    gruvi_stream_close(peer->stream);
    return 0;
}

/* The next of what was sent, however it came. */
static void
take(const char **at, size_t *left, const char *got, size_t n)
{
    must(n <= *left && memcmp(*at, got, n) == 0);
    *at += n;
    *left -= n;
}

/* Returns whether there may be more. */
static GRUVI_SWITCHPOINT bool
read_line(gruvi_stream_t *stream, const char **at, size_t *left)
{
    char buf[ROOM];
    const char *end = memchr(*at, '\n', *left);
    size_t size = end == NULL ? *left : (size_t)(end - *at) + 1;
    ssize_t n = gruvi_stream_read_line(stream, buf, sizeof buf);

    if (n == UV_E2BIG) {
        must(size > sizeof buf || (end == NULL && size == sizeof buf));
        n = gruvi_stream_read(stream, buf, 7);
        must(n > 0);
    } else {
        must(n >= 0 && (size_t)n == size);
    }
    take(at, left, buf, (size_t)n);
    return n > 0;
}

static GRUVI_SWITCHPOINT bool
read_text(gruvi_stream_t *stream, const char **at, size_t *left)
{
    char buf[ROOM];
    ssize_t n = gruvi_stream_read_text(stream, buf, sizeof buf);

    if (n == UV_EOF) {
        must(*left == 0);
        return false;
    }
    if (n == UV_E2BIG) {
        n = gruvi_stream_read(stream, buf, 7);
        must(n > 0);
        take(at, left, buf, (size_t)n);
        return true;
    }
    must(n >= 0 && n < ROOM && buf[n] == '\0');
    take(at, left, buf, (size_t)n);
    if (*left >= 2 && (*at)[0] == '\r' && (*at)[1] == '\n')
        take(at, left, "\r\n", 2);
    else if (*left > 0)
        take(at, left, "\n", 1);
    return true;
}

static gruvi_stream_t *
stream_of(int fd)
{
    gruvi_stream_t *stream = gruvi__stream_new(gruvi_get_hub());

    must(stream != NULL);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    stream->socket.fd = fd;
    return stream;
}

static GRUVI_SWITCHPOINT void
read_all(const char *data, size_t size, unsigned pieces, bool text)
{
    struct peer peer = {.data = data, .size = size, .pieces = pieces};
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    const char *at = data;
    int ends[2];

    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    stream = stream_of(ends[0]);
    peer.stream = stream_of(ends[1]);
    fiber = gruvi_spawn(send_pieces, &peer);
    must(fiber != NULL);
    while (text ? read_text(stream, &at, &size) : read_line(stream, &at, &size))
        ;
    must(size == 0);
    gruvi_stream_close(stream);
    must(gruvi_fiber_join(fiber, GRUVI_FOREVER) == 0);
    gruvi_fiber_unref(fiber);
}

/* --- logging -------------------------------------------------------------- */

/* An object whose message is the text; bytes that are no UTF-8 are replaced. */
static void
check_json(const char *line, size_t size, const char *text)
{
    json_t *root = json_loadb(line, size, JSON_ALLOW_NUL, NULL),
           *utf8 = json_string(text);
    const char *message = json_string_value(json_object_get(root, "message"));

    must(json_is_object(root));
    must(utf8 == NULL || (message != NULL && strcmp(message, text) == 0));
    json_decref(utf8);
    json_decref(root);
}

static void
log_all(const char *data, size_t size)
{
    char text[1024], name[64], buf[GRUVID__LOG_LINE];
    gruvi_log_record_t record = {.level = GRUVI_LOG_INFO,
                                 .hub = "hub-1",
                                 .fiber = name,
                                 .group = name,
                                 .message = text};
    struct gruvid__log_origin origin = {.generation = 1, .request = name};

    if (size >= sizeof text)
        size = sizeof text - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    snprintf(name, sizeof name, "%s", text); /* names are short */
    for (int reader = GRUVID__LOG_READER_ANY;
         reader <= GRUVID__LOG_READER_STREAM; reader++)
        for (int style = GRUVID__LOG_TEXT; style <= GRUVID__LOG_LOGFMT;
             style++) {
            size_t n = gruvid__log_line(buf, sizeof buf, &record, origin,
                                        (enum gruvid__log_style)style,
                                        (enum gruvid__log_reader)reader);

            must(n > 0 && n <= sizeof buf);
            must(memchr(buf, '\n', n) == buf + n - 1);
            if (style == GRUVID__LOG_JSON && n < sizeof buf &&
                reader == GRUVID__LOG_READER_ANY)
                check_json(buf, n, text);
        }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned pieces;

    if (size < sizeof pieces)
        return 0;
    if (gruvi_get_hub() != NULL)
        gruvi__clock_make_virtual();
    memcpy(&pieces, data, sizeof pieces);
    data += sizeof pieces;
    size -= sizeof pieces;
    read_all((const char *)data, size, pieces, false);
    read_all((const char *)data, size, pieces, true);
    log_all((const char *)data, size);
    return 0;
}
