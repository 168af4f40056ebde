/* SPDX-License-Identifier: MIT */
/* http: says hello to each request and closes, as HTTP/1.0 does. */
#include <string.h>

#include <gruvid/plugin.h>

static GRUVI_SWITCHPOINT int
answer(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    static const char text[] = "HTTP/1.0 200 OK\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Length: 6\r\n"
                               "Connection: close\r\n"
                               "\r\n"
                               "hello\n";
    char line[4096];
    ssize_t n;
    int err;

    (void)plugin;
    do {
        n = gruvi_stream_read_line(stream, line, sizeof line);
        if (n <= 0)
            return (int)n;
    } while (n > 2);
    err = gruvi_stream_write(stream, text, strlen(text));
    return err < 0 ? err : gruvi_stream_shutdown(stream);
}

GRUVID_PLUGIN(http, .connection = answer);
