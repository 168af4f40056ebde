/* SPDX-License-Identifier: MIT */
/* protocols: a plugin that offers two protocols by ALPN, and says which of them
 * a connection has.  It would answer requests, too. */
#include <string.h>

#include <gruvid/plugin.h>

static const char *const protocols[] = {"one", "two", NULL};

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    gruvi_tls_info_t info;
    int err = gruvi_tls_info(stream, &info);

    (void)plugin;
    if (err < 0)
        return err;
    return gruvi_stream_printf(stream, "%s.\n", info.alpn);
}

static int
answer(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    (void)request;
    (void)plugin;
    return UV_ENOSYS;
}

GRUVID_PLUGIN(protocols,
    .connection = connection,
    .request = answer,
    .alpn = protocols);
