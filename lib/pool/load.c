/* SPDX-License-Identifier: MIT */
/*
 * Waits are counted by their order of magnitude: that shows whether work
 * starves, and costs two instructions.
 *
 * Waiters are woken under the pool's lock.  Each costs a message or a system
 * call, but joining and closing a pool are rare.
 */
#include "base/list.h"
#include "core/clock.h"
#include "core/waitlist.h"
#include "pool/load.h"

void
gruvi__load_init(struct gruvi__load *load)
{
    *load = (struct gruvi__load){.queued = 0};
    gruvi__list_init(&load->joiners);
    gruvi__list_init(&load->closers);
}

static unsigned
bucket(uint64_t us)
{
    unsigned i = us == 0 ? 0 : 64 - (unsigned)__builtin_clzll(us);

    return i < GRUVI_POOL_WAIT_BUCKETS ? i : GRUVI_POOL_WAIT_BUCKETS - 1;
}

void
gruvi__load_begin(struct gruvi__load *load, uint64_t queued_at)
{
    uint64_t waited = gruvi__clock_now() - queued_at;

    load->queued--;
    load->busy++;
    load->wait[bucket(waited / 1000)]++;
    load->wait_sum += waited;
}

void
gruvi__load_wake(struct gruvi__list *waiters)
{
    struct gruvi__waiter *waiter;

    while ((waiter = gruvi__waiter_claim_first(waiters)) != NULL)
        gruvi__waiter_wake(waiter);
}

static void
wake_joiners(struct gruvi__load *load)
{
    if (load->queued == 0 && load->busy == 0)
        gruvi__load_wake(&load->joiners);
}

void
gruvi__load_end(struct gruvi__load *load)
{
    load->busy--;
    load->done++;
    wake_joiners(load);
}

void
gruvi__load_withdraw(struct gruvi__load *load)
{
    load->queued--;
    wake_joiners(load);
}
