/* SPDX-License-Identifier: MIT */
#include "h2_limits.h"

#include <string.h>

static const struct {
    const char *name, *text;
} limits[] = {
    [H2_RESETS] = {"resets", "resets of streams"},
    [H2_CONTROLS] = {"controls", "pings, settings and priorities"},
    [H2_EMPTY] = {"empty_frames", "empty frames"},
    [H2_CONTINUATIONS] = {"continuations", "CONTINUATION frames"},
    [H2_BLOCK] = {"header_bytes", "bytes of a header block"},
    [H2_QUEUED] = {"unread_bytes", "bytes that it does not read"},
};

const char *
h2_limit_text(enum h2_limit limit)
{
    return limits[limit].text;
}

int
h2_limits_count(gruvid_plugin_t *plugin, gruvid_counter_t **counters)
{
    int err = 0;

    for (int i = 0; i < H2_LIMITS && err == 0; i++)
        err = gruvid_counter_get(
            &counters[i], plugin, "http2_limits_exceeded",
            "Connections of HTTP/2 that were ended because the client did too "
            "much of something.",
            "limit", limits[i].name);
    if (err < 0)
        memset(counters, 0, H2_LIMITS * sizeof(gruvid_counter_t *));
    return err;
}
