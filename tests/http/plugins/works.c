/* SPDX-License-Identifier: MIT */
/* works: logs what it is to do, and does it: "fail" fails, "break" breaks its
 * reply off, "wait" waits. */
#include <string.h>

#include <gruvid/request.h>

static GRUVI_SWITCHPOINT int
request(gruvid_request_t *request, gruvid_plugin_t *plugin)
{
    const char *task;
    size_t size;
    int err = gruvid_request_body(request, &task, &size);

    (void)plugin;
    if (err < 0)
        return err;
    gruvi_info("is to do: %s", task);
    if (strcmp(task, "fail") == 0)
        return 503;
    if (strcmp(task, "break") == 0) {
        err = gruvid_reply_begin(request, 200);
        return err < 0 ? err : UV_EIO;
    }
    err = strcmp(task, "wait") == 0 ? gruvi_sleep(GRUVI_FOREVER) : 0;
    return err < 0 ? err : 204;
}

GRUVID_PLUGIN(works, .request = request);
