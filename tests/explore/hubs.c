/* SPDX-License-Identifier: MIT */
/* Hubs and pools of a schedule: how they begin, and leave nothing behind. */
#include <stdlib.h>

#include "base/list.h"
#include "core/hub.h"
#include "core/loop.h"
#include "core/poll.h"
#include "core/poll_set.h"
#include "explore/sim.h"
#include "pool/thread_pool.h"

/* Of a thread with a hub: what it does in there. */
struct in_hub {
    int (*fn)(void *arg);
    void *arg;
};

static int
run_in_hub(void *arg)
{
    struct in_hub in = *(struct in_hub *)arg;
    gruvi_hub_t *hub;

    free(arg);
    sim_hold();
    hub = gruvi_get_hub();
    if (hub == NULL)
        sim_fail("no hub: %s", gruvi_strerror(gruvi_last_error()));
    sim_let_go();
    in.fn(in.arg);
    sim_hold();
    gruvi_hub_close(hub);
    sim_let_go();
    return 0;
}

struct sim_thread *
sim_begin_hub(int (*fn)(void *arg), void *arg)
{
    struct in_hub *in = malloc(sizeof *in);

    *in = (struct in_hub){fn, arg};
    return sim_begin(run_in_hub, in);
}

void
sim_reclaim(gruvi_hub_t *hub)
{
    sim_hold();
    gruvi__poller_free(hub->poller);
    gruvi__poll_set_close(hub);
    gruvi__loop_drop(&hub->loop);
    gruvi__arena_free(hub->arena);
    gruvi_hub_unref(hub);
    sim_let_go();
}

void
sim_renew_pool(gruvi_pool_t *shared)
{
    struct gruvi__thread_pool *pool =
        gruvi__list_entry(shared, struct gruvi__thread_pool, pool);

    /* To close it does not wait for threads that are at work. */
    sim_assert(gruvi_pool_join(shared) == 0);
    gruvi__thread_pool_close(pool);
    sim_hold();
    gruvi__thread_pool_reset(pool);
    sim_let_go();
}
