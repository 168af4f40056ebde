/* SPDX-License-Identifier: MIT */
/*
 * inspects: asks gruvid what a client sends, a line
 *
 *     HOW LIMIT REQUEST
 *
 * and answers with a line, the code's name or "0" and the answer's size, and
 * then the answer.  HOW is "ask", or "cancel": in a fiber that was cancelled.
 */
#include <stdlib.h>
#include <string.h>

#include <gruvid/inspect.h>

struct inspection {
    gruvid_plugin_t *plugin;
    const char *how, *request;
    size_t limit;
    char *answer;
    size_t size;
    int err;
};

static int
inspect_as_said(void *arg)
{
    struct inspection *in = arg;

    if (strcmp(in->how, "cancel") == 0)
        gruvi_fiber_cancel(gruvi_current_fiber(), "test");
    in->err = gruvid_inspect(in->plugin, in->request, in->limit, &in->answer,
                             &in->size);
    return 0;
}

/* In a fiber of its own, which may be cancelled. */
static int
run(struct inspection *in)
{
    gruvi_fiber_t *fiber = gruvi_spawn(inspect_as_said, in);
    int err = fiber == NULL ? gruvi_last_error()
                            : gruvi_fiber_join(fiber, GRUVI_FOREVER);

    gruvi_fiber_unref(fiber);
    return err;
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    static __thread char line[70000];
    struct inspection in = {.plugin = plugin};
    char *how, *limit, *end = NULL;
    ssize_t n;
    int err = 0;

    while (err == 0 &&
           (n = gruvi_stream_read_line(stream, line, sizeof line - 1)) > 0) {
        line[n - 1] = '\0';
        how = strtok_r(line, " ", &end);
        limit = strtok_r(NULL, " ", &end);
        in.how = how;
        in.limit = (size_t)atoi(limit);
        in.request = end;
        err = run(&in);
        if (err == 0)
            err =
                gruvi_stream_printf(stream, "%s %zu\n%s",
                                    in.err == 0 ? "0" : gruvi_err_name(in.err),
                                    in.size, in.answer ? in.answer : "");
        if (in.err < 0 && (in.answer != NULL || in.size != 0))
            err = UV_EIO;
        free(in.answer);
    }
    return err;
}

GRUVID_PLUGIN(inspects,
    .summary = "asks gruvid what a client sends",
    .multi_hub = true,
    .connection = connection);
