/* SPDX-License-Identifier: MIT */
/*
 * echo: sends back what it gets.
 *
 * The smallest plugin there is.  gruvid listens, accepts, and calls
 * echo_connection() in a fiber of its own for each connection, so that the code
 * reads as if there were only one.
 *
 * gruvi_stream_take() returns bytes in memory of the stream.  A buffer on the
 * stack and gruvi_stream_read() would do, too, but each connection would keep
 * the buffer, and most connections are idle most of the time.
 */
#include <gruvid/plugin.h>

static GRUVI_SWITCHPOINT int
echo_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *data;
    ssize_t n;

    (void)plugin;
    while ((n = gruvi_stream_take(stream, &data)) > 0) {
        int err = gruvi_stream_write(stream, data, n);
        if (err < 0)
            return err;
    }
    return n;
}

GRUVID_PLUGIN(echo,
    .version = "1.0",
    .summary = "sends back what it gets",
    .connection = echo_connection,
    .multi_hub = true);
