/* SPDX-License-Identifier: MIT */
/* Those of the table that wait for the network, but not for streams. */
#include "unit/waits.h"

#include "unit/calls.h"

/* --- names: a resolver that hangs --------------------------------------------
 */

void
open_lookup(struct scene *scene)
{
    (void)scene;
    gruvi_set_pool_sizes(1, 1); /* unless that was done before */
    hold_lookups();
}

int
call_lookup(struct scene *scene, double timeout)
{
    struct addrinfo *result = (void *)scene;
    int err = gruvi_getaddrinfo("slow.test", NULL, NULL, &result, timeout);

    ck_assert_int_eq(result != NULL, err == 0);
    gruvi_freeaddrinfo(result);
    return err;
}

/* The hub stands still until it is answered, also where that takes as long as
 * nobody waits. */
static void
answer(void)
{
    gruvi_pool_stats_t stats;

    release_lookups();
    for (;;) {
        gruvi_pool_stats(gruvi_get_io_pool(), &stats);
        if (stats.busy + stats.queued == 0)
            return;
        uv_sleep(1);
    }
}

void
grant_lookup(struct scene *scene)
{
    call_before(scene);
    answer();
    call_after(scene);
}

void
close_lookup(struct scene *scene)
{
    (void)scene;
    answer();
}
