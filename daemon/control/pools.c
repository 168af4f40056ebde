/* SPDX-License-Identifier: MIT */
/* "pools": the threads for work that blocks or computes. */
#include "control/commands.h"
#include "control/times.h"
#include "instance/times.h"
#include "metrics/figures.h"

static double
wait_bound(const gruvi_pool_stats_t *stats, double share)
{
    return gruvid__times_bound(stats->wait, GRUVI_POOL_WAIT_BUCKETS, share);
}

static json_t *
show_pool(const struct gruvid__pool_figures *pool)
{
    const gruvi_pool_stats_t *stats = &pool->stats;

    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:o}", "name",
        pool->name, "max", (json_int_t)stats->max_size, "threads",
        (json_int_t)stats->size, "busy", (json_int_t)stats->busy, "queued",
        (json_int_t)stats->queued, "done", (json_int_t)stats->done, "wait_p50",
        wait_bound(stats, 0.5), "wait_p99", wait_bound(stats, 0.99), "wait_max",
        wait_bound(stats, 1), "waits",
        gruvid__json_times(stats->wait, GRUVI_POOL_WAIT_BUCKETS));
}

static GRUVI_SWITCHPOINT int
answer_pools(struct gruvid__request *request)
{
    struct gruvid__figures figures;
    int err = gruvid__figures_collect(&figures, &request->daemon->instances);
    json_t *shown = err < 0 ? NULL : json_array();

    for (size_t i = 0; shown != NULL && i < GRUVID__POOLS; i++)
        json_array_append_new(shown, show_pool(&figures.pools[i]));
    gruvid__figures_free(&figures);
    return err < 0 ? err : gruvid__answer_list(request, "pools", shown);
}

const struct gruvid__command gruvid__command_pools = {
    .name = "pools",
    .who = GRUVID__MAY_LOOK,
    .looks = true,
    .handler = answer_pools,
};
