/* SPDX-License-Identifier: MIT */
/*
 * echo: sends back what it gets.
 *
 * The smallest plugin there is.  gruvid listens, accepts, and calls
 * echo_connection() in a fiber of its own for each connection, so that the code
 * reads as if there were only one.
 *
 * Most connections are idle most of the time.  GRUVID_PARK gives the fiber back
 * until there is something to read: gruvid calls again, for one message at a
 * time.  gruvi_stream_take() returns bytes in memory of the stream, which has
 * none while it is parked.
 */
#include <gruvid/plugin.h>

static GRUVI_SWITCHPOINT int
echo_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *data;
    ssize_t n;
    int err;

    if (gruvi_stream_data(stream) == NULL) {
        /* The first call: there may be nothing to read yet. */
        gruvi_stream_set_data(stream, plugin, NULL);
        return GRUVID_PARK;
    }
    n = gruvi_stream_take(stream, &data);
    if (n <= 0)
        return n;
    err = gruvi_stream_write(stream, data, n);
    return err < 0 ? err : GRUVID_PARK;
}

GRUVID_PLUGIN(echo,
    .version = "1.0",
    .summary = "sends back what it gets",
    .connection = echo_connection,
    .multi_hub = true);
