/* SPDX-License-Identifier: MIT */
/* "pools": the threads for work that blocks or computes. */
#include "control/commands.h"
#include "instance/times.h"

static double
wait_bound(const gruvi_pool_stats_t *stats, double share)
{
    return gruvid__times_bound(stats->wait, GRUVI_POOL_WAIT_BUCKETS, share);
}

static json_t *
show_pool(const char *name, gruvi_pool_t *pool, int64_t max)
{
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(pool, &stats);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "name", name,
                     "max", (json_int_t)max, "threads", (json_int_t)stats.size,
                     "busy", (json_int_t)stats.busy, "queued",
                     (json_int_t)stats.queued, "done", (json_int_t)stats.done,
                     "wait_p50", wait_bound(&stats, 0.5), "wait_p99",
                     wait_bound(&stats, 0.99));
}

static int
answer_pools(struct gruvid__request *request)
{
    gruvid__section_t *section =
        gruvid__config_section(request->daemon->config, "pools");
    int64_t cpu = gruvid__section_integer(section, "cpu_threads");
    int64_t io = gruvid__section_integer(section, "io_threads");

    if (cpu == 0)
        cpu = uv_available_parallelism();
    return gruvid__answer(request,
                          json_pack("{s:[o, o]}", "pools",
                                    show_pool("cpu", gruvi_get_cpu_pool(), cpu),
                                    show_pool("io", gruvi_get_io_pool(), io)));
}

const struct gruvid__command gruvid__command_pools = {
    .name = "pools",
    .who = GRUVID__MAY_LOOK,
    .handler = answer_pools,
};
