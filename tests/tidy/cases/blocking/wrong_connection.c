/* A plugin's function is fiber code by its place in the descriptor. */
#include <poll.h>

#include <gruvid/plugin.h>

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct pollfd one = {gruvi_stream_fd(stream), POLLIN, 0};

    (void)plugin;
    return poll(&one, 1, -1); /* gruvi-blocking: gruvi_wait_fd */
}

GRUVID_PLUGIN(sample, .version = "1", .connection = connection);
