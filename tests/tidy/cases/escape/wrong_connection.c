/* A helper of a connection with data of the frame, and no join. */
#include <gruvid/plugin.h>

struct chat {
    gruvi_stream_t *stream;
    int lines;
};

GRUVI_SWITCHPOINT int write_lines(void *arg);
GRUVI_SWITCHPOINT int read_lines(struct chat *chat);

GRUVI_SWITCHPOINT static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct chat chat = {stream, 0};
    int err = gruvi_go(write_lines, &chat); /* gruvi-escape: 'chat' */

    (void)plugin;
    return err < 0 ? err : read_lines(&chat);
}

GRUVID_PLUGIN(sample, .version = "1", .connection = connection);
