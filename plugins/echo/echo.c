/* SPDX-License-Identifier: MIT */
/*
 * echo: sends back what it gets.
 *
 * The smallest plugin there is.  gruvid listens, accepts, and calls
 * echo_connection() in a fiber of its own for each connection, so that the code
 * reads as if there were only one.
 */
#include <gruvid/plugin.h>

static GRUVI_SWITCHPOINT int
echo_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char buf[16384];
    ssize_t n;

    (void)plugin;
    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0) {
        int err = gruvi_stream_write(stream, buf, n);
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
