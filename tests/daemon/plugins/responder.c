/* SPDX-License-Identifier: MIT */
/*
 * responder: as much of a web server as a client's tests need.
 *
 *   GET /hello   "hello"
 *   GET /large   100,000 times x
 *   GET /typed?  its own target, as text/x-path
 *   GET /hang    no answer, until the client goes; the log says "hangs" and
 *                "hangs no more"
 *   GET /cut     a part of what it announces
 *   others       404
 */
#include <stdio.h>
#include <string.h>

#include <gruvid/plugin.h>

#define LARGE 100000

static GRUVI_SWITCHPOINT int
answer(gruvi_stream_t *stream, const char *status, const char *body, size_t len)
{
    char head[128];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status, len);

    return gruvi_stream_writev(
        stream, (uv_buf_t[]){{head, (size_t)n}, {(char *)body, len}}, 2);
}

static GRUVI_SWITCHPOINT int
hang(gruvi_stream_t *stream)
{
    int err = gruvi_stream_watch_peer(stream, true);

    gruvi_info("hangs");
    if (err == 0)
        err = gruvi_sleep(GRUVI_FOREVER);
    gruvi_info("hangs no more");
    return err;
}

static GRUVI_SWITCHPOINT int
typed(gruvi_stream_t *stream, const char *target)
{
    int n = (int)strcspn(target, " ");

    return gruvi_stream_printf(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/x-path\r\n"
        "Content-Length: %d\r\n\r\n%.*s",
        n, n, target);
}

static GRUVI_SWITCHPOINT int
respond(gruvi_stream_t *stream, const char *request)
{
    static char large[LARGE];

    if (strncmp(request, "GET /hello ", 11) == 0)
        return answer(stream, "200 OK", "hello", 5);
    if (strncmp(request, "GET /large ", 11) == 0) {
        memset(large, 'x', LARGE);
        return answer(stream, "200 OK", large, LARGE);
    }
    if (strncmp(request, "GET /hang ", 10) == 0)
        return hang(stream);
    if (strncmp(request, "GET /typed?", 11) == 0)
        return typed(stream, request + 4);
    if (strncmp(request, "GET /cut ", 9) == 0) {
        static const char head[] =
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
        int err = gruvi_stream_write(stream, head, sizeof head - 1);

        return err < 0 ? err : UV_EPIPE;
    }
    return answer(stream, "404 Not Found", "", 0);
}

/* A request is what comes before an empty line. */
static GRUVI_SWITCHPOINT int
serve(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char request[4096] = "", line[4096];
    ssize_t n;

    (void)plugin;
    while ((n = gruvi_stream_read_line(stream, line, sizeof line - 1)) > 0) {
        line[n] = '\0';
        if (request[0] == '\0')
            strcpy(request, line);
        if (strcmp(line, "\r\n") != 0)
            continue;
        if ((n = respond(stream, request)) < 0)
            break;
        request[0] = '\0';
    }
    return (int)n;
}

GRUVID_PLUGIN(responder,
    .summary = "answers requests of HTTP",
    .connection = serve);
