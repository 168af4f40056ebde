/* SPDX-License-Identifier: MIT */
/* How long hubs take to come to a callback: see lag.h. */
#include "hub/lag.h"

#include <gruvi.h>

#include "hub/hubs.h"

/* A hub callback. */
static void
answer(void *arg)
{
    struct gruvid__lag *lag = &((struct gruvid__hub *)arg)->lag;
    uint64_t asked = __atomic_load_n(&lag->asked, __ATOMIC_ACQUIRE);

    __atomic_store_n(&lag->last, uv_hrtime() - asked, __ATOMIC_RELAXED);
    __atomic_store_n(&lag->asked, 0, __ATOMIC_RELEASE);
}

void
gruvid__lag_ask(struct gruvid__hub *hub)
{
    uint64_t none = 0;

    if (!__atomic_compare_exchange_n(&hub->lag.asked, &none, uv_hrtime(), false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        return;
    if (gruvi_hub_run_callback(hub->hub, answer, hub) < 0)
        __atomic_store_n(&hub->lag.asked, 0, __ATOMIC_RELEASE);
}

uint64_t
gruvid__lag(const struct gruvid__hub *hub, bool *answers)
{
    uint64_t asked = __atomic_load_n(&hub->lag.asked, __ATOMIC_ACQUIRE);
    uint64_t last = __atomic_load_n(&hub->lag.last, __ATOMIC_RELAXED);
    uint64_t now = uv_hrtime(), open = 0;

    if (asked != 0 && now > asked)
        open = now - asked;
    if (answers != NULL)
        *answers = open < GRUVID__LAG_SILENT;
    return open > last ? open : last;
}
