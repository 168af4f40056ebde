/* SPDX-License-Identifier: MIT */
/* echo, but a message that begins with a b is answered after 5 ms of work that
 * blocks, in the IO pool. */
#include <unistd.h>

#include <gruvid/plugin.h>

static int
block(void *arg, void **result)
{
    (void)arg;
    (void)result;
    usleep(5000);
    return 0;
}

static GRUVI_SWITCHPOINT int
offload_connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char buf[64];
    ssize_t n;
    int err;

    (void)plugin;
    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0) {
        if (buf[0] == 'b' && (err = gruvi_blocking(block, NULL, NULL)) < 0)
            return err;
        err = gruvi_stream_write(stream, buf, (size_t)n);
        if (err < 0)
            return err;
    }
    return (int)n;
}

GRUVID_PLUGIN(offload, .version = "1.0", .connection = offload_connection);
