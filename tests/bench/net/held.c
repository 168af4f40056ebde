/* SPDX-License-Identifier: MIT */
/* held: sends back what it gets, as echo does, but a fiber waits for each
 * connection's next message. */
#include <gruvid/plugin.h>

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char *data;
    ssize_t n;

    (void)plugin;
    while ((n = gruvi_stream_take(stream, &data)) > 0) {
        int err = gruvi_stream_write(stream, data, (size_t)n);

        if (err < 0)
            return err;
    }
    return (int)n;
}

GRUVID_PLUGIN(held,
    .version = "1.0",
    .summary = "sends back what it gets, with a fiber for each connection",
    .connection = connection,
    .multi_hub = true);
