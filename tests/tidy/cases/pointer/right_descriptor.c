/* The members of a plugin's descriptor. */
#include <gruvid/plugin.h>

GRUVI_SWITCHPOINT static int
start(gruvid_plugin_t *plugin)
{
    (void)plugin;
    return gruvi_sleep(0.0);
}

GRUVI_SWITCHPOINT static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    (void)plugin;
    return gruvi_stream_write(stream, "hello\n", 6);
}

GRUVID_PLUGIN(sample, .version = "1", .start = start,
              .connection = connection);
