/* SPDX-License-Identifier: MIT */
/*
 * slow: logs what it is asked for, and answers with the number of that when
 * /now is asked for.
 */
#include <string.h>

#include <gruvid/request.h>

static gruvi_event_t now = GRUVI_EVENT_INIT;
static unsigned asked;

static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *path = gruvid_request_path(request);
    unsigned number;
    int err;

    (void)plugin;
    if (strcmp(path, "/now") == 0) {
        gruvi_event_set(&now);
        gruvi_event_clear(&now);
        return 204;
    }
    number = ++asked;
    gruvi_info("asked for %s", path);
    err = gruvi_event_wait(&now, GRUVI_FOREVER);
    return err < 0 ? err
                   : gruvid_reply_text(request, 200, "%s %u", path, number);
}

GRUVID_PLUGIN(slow, .request = request);
