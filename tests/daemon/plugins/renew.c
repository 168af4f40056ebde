/* SPDX-License-Identifier: MIT */
/*
 * renew: a plugin for reloads.  It takes new options, hands over how many
 * connections there were, and does at each of these what its options say.  A
 * connection first hears which generation serves it, and then its own bytes.
 * To "?" it hears all values of mark that the instance has got, as it got them.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvid/plugin.h>

static const char *const choices[] = {"good", "refuse", "hang", "handle", NULL};

static const gruvid_option_t options[] = {
    {.name = "mark", .type = GRUVID_STRING, .default_value = "none"},
    {.name = "at_start",
     .type = GRUVID_STRING,
     .default_value = "good",
     .choices = choices},
    {.name = "at_reconfigure",
     .type = GRUVID_STRING,
     .default_value = "good",
     .choices = choices},
    {.name = "at_handover",
     .type = GRUVID_STRING,
     .default_value = "good",
     .choices = choices},
    {.name = "alone", .type = GRUVID_BOOL, .default_value = "no"},
    GRUVID_OPTIONS_END,
};

static int n_alone; /* instances that have to be alone; atomic */
static int served;  /* connections; atomic */

#define MOST_MARKS 16

/* Text of the option, never copied. */
struct marks {
    const char *at[MOST_MARKS];
    int n;
};

static void
keep_mark(gruvid_plugin_t *plugin)
{
    struct marks *marks = gruvid_plugin_data(plugin);

    if (marks->n < MOST_MARKS)
        marks->at[marks->n++] = gruvid_option_string(plugin, "mark");
}

static int
say_marks(gruvi_stream_t *stream, const gruvid_plugin_t *plugin)
{
    const struct marks *marks = gruvid_plugin_data(plugin);
    int err = 0;

    for (int i = 0; i < marks->n && err == 0; i++)
        err = gruvi_stream_printf(stream, "%s ", marks->at[i]);
    return err < 0 ? err : 0;
}

static int
act(gruvid_plugin_t *plugin, const char *option)
{
    const char *what = gruvid_option_string(plugin, option);

    gruvi_info("%s of generation %d: mark %s", option,
               (int)gruvid_plugin_generation(plugin),
               gruvid_option_string(plugin, "mark"));
    if (strcmp(what, "hang") == 0)
        return gruvi_sleep(GRUVI_FOREVER);
    if (strcmp(what, "handle") == 0)
        signal(SIGSEGV, SIG_IGN);
    if (strcmp(what, "refuse") != 0)
        return 0;
    gruvid_plugin_fail(plugin, "%s is refuse", option);
    return UV_EACCES;
}

static bool
is_alone(const gruvid_plugin_t *plugin)
{
    return gruvid_option_bool(plugin, "alone");
}

/* Be the only one, if the options say so. */
static int
claim(gruvid_plugin_t *plugin)
{
    if (!is_alone(plugin) ||
        __atomic_add_fetch(&n_alone, 1, __ATOMIC_SEQ_CST) == 1)
        return 0;
    __atomic_sub_fetch(&n_alone, 1, __ATOMIC_SEQ_CST);
    gruvid_plugin_fail(plugin, "another generation is there");
    return UV_EBUSY;
}

static int
start(gruvid_plugin_t *plugin)
{
    const int *before = gruvid_handover_get(plugin, "served", NULL);
    struct marks *marks;
    int err = act(plugin, "at_start");

    if (before != NULL)
        gruvi_info("handed over: %d", *before);
    if (err == 0)
        err = claim(plugin);
    if (err < 0)
        return err;
    marks = calloc(1, sizeof *marks);
    if (marks == NULL)
        return UV_ENOMEM;
    gruvid_set_plugin_data(plugin, marks);
    keep_mark(plugin);
    return 0;
}

static int
reconfigure(gruvid_plugin_t *plugin)
{
    keep_mark(plugin);
    return act(plugin, "at_reconfigure");
}

static int
handover(gruvid_plugin_t *plugin)
{
    int n = __atomic_load_n(&served, __ATOMIC_SEQ_CST);
    int err = act(plugin, "at_handover");

    return err < 0 ? err : gruvid_handover_put(plugin, "served", &n, sizeof n);
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    char text[64];
    ssize_t n;
    int err;

    __atomic_add_fetch(&served, 1, __ATOMIC_SEQ_CST);
    snprintf(text, sizeof text, "%d %s\n",
             (int)gruvid_plugin_generation(plugin),
             gruvid_option_string(plugin, "mark"));
    err = gruvi_stream_write(stream, text, strlen(text));
    while (err == 0 && (n = gruvi_stream_read(stream, text, sizeof text)) > 0)
        err = text[0] == '?' ? say_marks(stream, plugin)
                             : gruvi_stream_write(stream, text, (size_t)n);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    if (is_alone(plugin))
        __atomic_sub_fetch(&n_alone, 1, __ATOMIC_SEQ_CST);
    free(gruvid_plugin_data(plugin));
    gruvi_info("stop of generation %d", (int)gruvid_plugin_generation(plugin));
}

GRUVID_PLUGIN(renew,
    .version = "1.0",
    .summary = "takes new options, and hands over",
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop,
    .multi_hub = true,
    .reconfigure = reconfigure,
    .handover = handover);
