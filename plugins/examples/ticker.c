/* SPDX-License-Identifier: MIT */
/*
 * ticker: sends its clients a number each interval, and survives reloads.
 * Another interval comes by reconfigure, to clients that are there.  For a new
 * generation (another build, gruvictl restart) handover keeps the number, and
 * clients of the old generation are told to come again.  To try it:
 *
 *     [gruvid]
 *     control = /tmp/gruvid.sock
 *     [plugin ticker]
 *     listen = tcp://127.0.0.1:7013
 *     interval = 1s
 *
 *     nc 127.0.0.1 7013 &
 *     gruvictl -s /tmp/gruvid.sock restart ticker
 *
 * Or edit the interval, and "gruvictl -s /tmp/gruvid.sock reload".
 */
#include <stdio.h>
#include <stdlib.h>
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "interval",
     .type = GRUVID_DURATION,
     .default_value = "1s",
     .min = "1ms"},
    GRUVID_OPTIONS_END,
};

/* All of an instance is in one hub, so it needs no lock. */
struct ticker {
    double interval;
    unsigned long long number;
};

static int
reconfigure(gruvid_plugin_t *plugin)
{
    struct ticker *ticker = gruvid_plugin_data(plugin);

    ticker->interval = gruvid_option_duration(plugin, "interval");
    gruvi_info("a number every %g seconds", ticker->interval);
    return 0;
}

static int
start(gruvid_plugin_t *plugin)
{
    const char *number = gruvid_handover_get(plugin, "number", NULL);
    struct ticker *ticker = calloc(1, sizeof *ticker);

    if (ticker == NULL)
        return UV_ENOMEM;
    ticker->number = number == NULL ? 0 : strtoull(number, NULL, 10);
    gruvid_set_plugin_data(plugin, ticker);
    return reconfigure(plugin);
}

static int
handover(gruvid_plugin_t *plugin)
{
    const struct ticker *ticker = gruvid_plugin_data(plugin);
    char text[24];
    int n = snprintf(text, sizeof text, "%llu", ticker->number);

    return gruvid_handover_put(plugin, "number", text, (size_t)n);
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct ticker *ticker = gruvid_plugin_data(plugin);
    gruvi_event_t *drain = gruvid_plugin_drain_event(plugin);
    int err;

    while ((err = gruvi_event_wait(drain, ticker->interval)) == UV_ETIMEDOUT)
        if ((err = gruvi_stream_printf(stream, "%llu\n", ticker->number++)) < 0)
            return err;
    return err < 0 ? err : gruvi_stream_printf(stream, "come again\n");
}

static void
stop(gruvid_plugin_t *plugin)
{
    free(gruvid_plugin_data(plugin));
}

GRUVID_PLUGIN(ticker, .options = options, .start = start, .stop = stop,
    .connection = connection, .reconfigure = reconfigure, .handover = handover);
