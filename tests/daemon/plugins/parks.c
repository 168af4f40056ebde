/* SPDX-License-Identifier: MIT */
/*
 * parks: answers a line at a time, and parks in between.  A line is sent back,
 * and some do more first:
 *
 *   calls   answers with how often it was called
 *   local   answers with what the fiber kept from the call before
 *   hold    keeps its fiber, and sends back the next line, too
 *   spawn   spawns a fiber that says "bye" when it is cancelled
 *   stray   leaves a fiber inside a read of the stream
 *   fail    fails
 *   q       nothing: it is quiet
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/plugin.h>

static const char *const first_choices[] = {"park", "greet", "vain", NULL};

static const gruvid_option_t options[] = {
    {.name = "first",
     .type = GRUVID_STRING,
     .default_value = "park",
     .choices = first_choices},
    GRUVID_OPTIONS_END,
};

struct session {
    unsigned calls;
};

static void
end_session(void *arg)
{
    struct session *session = arg;

    gruvi_info("a session of %u calls is over", session->calls);
    free(session);
}

static GRUVI_SWITCHPOINT int
companion(void *arg)
{
    gruvi_stream_t *stream = arg;
    int err = gruvi_sleep(GRUVI_FOREVER);

    GRUVI_SHIELD {
        gruvi_stream_write(stream, "bye\n", 4);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
stray(void *arg)
{
    char c;

    return (int)gruvi_stream_read(arg, &c, 1);
}

static GRUVI_SWITCHPOINT int
answer(gruvi_stream_t *stream, gruvid_plugin_t *plugin, const char *line)
{
    static gruvi_local_t kept = GRUVI_LOCAL_INIT(NULL);
    const struct session *session = gruvi_stream_data(stream);
    char text[4096];
    void *value;
    int err;

    if (strcmp(line, "calls") == 0)
        return gruvi_stream_printf(stream, "%u\n", session->calls);
    if (strcmp(line, "local") == 0) {
        err = gruvi_stream_printf(stream, "%d\n",
                                  gruvi_local_get(&kept, &value) == 0);
        return err < 0 ? err : gruvi_local_set(&kept, plugin);
    }
    if (strcmp(line, "q") == 0)
        return 0;
    if (strcmp(line, "fail") == 0)
        return UV_EINVAL;
    if (strcmp(line, "spawn") == 0 && (err = gruvi_go(companion, stream)) == 0)
        return gruvi_sleep(0); /* it runs, or it would not end by a cancel */
    if (strcmp(line, "stray") == 0) {
        GRUVI_IN_GROUP (gruvid_plugin_group(plugin)) {
            gruvi_fiber_unref(gruvi_spawn(stray, stream));
        }
        gruvi_sleep(0);
    }
    err = gruvi_stream_printf(stream, "%s\n", line);
    if (err < 0 || strcmp(line, "hold") != 0)
        return err;
    err = (int)gruvi_stream_read_text(stream, text, sizeof text);
    return err < 0 ? err : gruvi_stream_printf(stream, "%s\n", text);
}

static GRUVI_SWITCHPOINT int
begin(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct session *session = calloc(1, sizeof *session);

    if (session == NULL)
        return UV_ENOMEM;
    session->calls = 1;
    gruvi_stream_set_data(stream, session, end_session);
    if (strcmp(gruvid_option_string(plugin, "first"), "greet") == 0)
        return gruvi_stream_write(stream, "welcome\n", 8);
    return 0;
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct session *session = gruvi_stream_data(stream);
    char line[4096];
    int err;

    if (session == NULL) {
        err = begin(stream, plugin);
        return err < 0 ? err : GRUVID_PARK;
    }
    session->calls++;
    if (strcmp(gruvid_option_string(plugin, "first"), "vain") == 0)
        return GRUVID_PARK;
    err = (int)gruvi_stream_read_text(stream, line, sizeof line);
    if (err < 0)
        return err;
    err = answer(stream, plugin, line);
    return err < 0 ? err : GRUVID_PARK;
}

GRUVID_PLUGIN(parks,
    .version = "1.0",
    .summary = "parks between two lines",
    .options = options,
    .connection = connection,
    .multi_hub = true);
