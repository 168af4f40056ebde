/* SPDX-License-Identifier: MIT */
/* Lines that are counted where there are many: see rate.h. */
#include "instance/rate.h"

#include <stdarg.h>
#include <stdio.h>

#include <gruvi.h>

#include "instance/instance.h"
#include "instance/shard.h"

#define PERIOD 1000 /* ms */

/* What does not fit in the table shares the last entry. */
static unsigned
find(struct gruvid__rate *rate, enum gruvid__rate_kind kind, int code)
{
    unsigned i = 0;

    while (i < rate->n &&
           (rate->entries[i].kind != kind || rate->entries[i].code != code))
        i++;
    if (i == GRUVID__RATES)
        return i - 1;
    if (i == rate->n) {
        rate->n++;
        rate->entries[i].kind = kind;
        rate->entries[i].code = code;
    }
    return i;
}

/* Log what was counted.  Returns whether a line was logged less than a period
 * ago. */
static bool
tell(struct gruvid__shard *shard)
{
    struct gruvid__rate *rate = &shard->rate;
    bool open = false;

    for (unsigned i = 0; i < rate->n; i++) {
        uint64_t more = rate->entries[i].more;

        rate->entries[i].open = more > 0;
        rate->entries[i].more = 0;
        open |= more > 0;
        if (more > 0)
            gruvi_log(rate->entries[i].level,
                      "plugin %s: %s (%llu more in the last second)",
                      shard->plugin->name, rate->entries[i].text,
                      (unsigned long long)more);
    }
    return open;
}

static void
on_timer(uv_timer_t *timer)
{
    struct gruvid__shard *shard = timer->data;

    if (!tell(shard))
        uv_timer_stop(timer);
}

static void
start_timer(struct gruvid__shard *shard)
{
    struct gruvid__rate *rate = &shard->rate;

    if (!rate->has_timer) {
        uv_timer_init(gruvi_hub_loop(shard->hub->hub), &rate->timer);
        rate->timer.data = shard;
        rate->has_timer = true;
    }
    if (!uv_is_active((uv_handle_t *)&rate->timer))
        uv_timer_start(&rate->timer, on_timer, PERIOD, PERIOD);
}

void
gruvid__rate_log(struct gruvid__shard *shard, enum gruvid__rate_kind kind,
                 int code, gruvi_log_level_t level, const char *format, ...)
{
    struct gruvid__rate *rate = &shard->rate;
    va_list args;
    unsigned i;

    if (level > gruvi_log_level())
        return;
    i = find(rate, kind, code);
    rate->entries[i].level = level;
    va_start(args, format);
    vsnprintf(rate->entries[i].text, sizeof rate->entries[i].text, format,
              args);
    va_end(args);
    if (rate->entries[i].open) {
        rate->entries[i].more++;
        return;
    }
    rate->entries[i].open = true;
    gruvi_log(level, "%s", rate->entries[i].text);
    start_timer(shard);
}

GRUVI_SWITCHPOINT void
gruvid__rate_close(struct gruvid__shard *shard)
{
    struct gruvid__rate *rate = &shard->rate;

    if (!rate->has_timer)
        return;
    tell(shard);
    rate->has_timer = false;
    rate->n = 0;
    (void)gruvi_uv_close((uv_handle_t *)&rate->timer);
}
