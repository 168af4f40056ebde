/* SPDX-License-Identifier: MIT */
/*
 * hello: answers requests with a greeting.
 *
 * The smallest plugin that is reached by HTTP.  It has no connections: a route
 * of plugins/http says which requests it answers.
 */
#include <gruvid/request.h>

static GRUVI_SWITCHPOINT int
hello(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *name = gruvid_request_query(request, "name");

    (void)plugin;
    return gruvid_reply_text(request, 200, "Hello, %s!\n", name ? name : "you");
}

GRUVID_PLUGIN(hello,
    .version = "1.0",
    .summary = "greets by HTTP",
    .multi_hub = true,
    .request = hello);
