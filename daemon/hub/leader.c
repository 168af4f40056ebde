/* SPDX-License-Identifier: MIT */
/* What the leader waits for, and how others reach it: see leader.h. */
#include "hub/leader.h"

#include <time.h>

void
gruvid__leader_init(struct gruvid__leader *leader, double cancel_timeout)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    *leader = (struct gruvid__leader){
        .cancel_timeout = cancel_timeout,
        .stage = "starting",
        .begun = gruvid__now(),
        .started = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
    };
    gruvi_event_init(&leader->wake);
}

void
gruvid__leader_destroy(struct gruvid__leader *leader)
{
    gruvi_event_destroy(&leader->wake);
}

double
gruvid__now(void)
{
    return (double)uv_hrtime() / 1e9;
}

void
gruvid__wake(struct gruvid__leader *leader)
{
    gruvi_event_set(&leader->wake);
}

void
gruvid__ask_to_stop(struct gruvid__leader *leader)
{
    __atomic_store_n(&leader->stopping, true, __ATOMIC_RELEASE);
}

/* A timeout for what is left until a time, or 0. */
static double
left(double until)
{
    double timeout = until - gruvid__now();

    if (until < 0)
        return GRUVI_FOREVER;
    return timeout > 0 ? timeout : 0;
}

/* SIGINT has ended a wait of the root fiber; the others that wait hear of it,
 * too. */
static void
count_interrupt(struct gruvid__leader *leader)
{
    leader->interrupts++;
    gruvid__ask_to_stop(leader);
    gruvid__wake(leader);
}

GRUVI_SWITCHPOINT bool
gruvid__wait(struct gruvid__leader *leader, double until)
{
    int err = gruvi_event_wait(&leader->wake, left(until));

    if (err == UV_ETIMEDOUT)
        return false;
    if (err == UV_EINTR) {
        count_interrupt(leader);
    } else if (err < 0) {
        /* Never seen.  To wait again would be to loop. */
        gruvi_error("the root fiber cannot wait: %s", gruvi_strerror(err));
        gruvid__ask_to_stop(leader);
        return false;
    }
    gruvi_event_clear(&leader->wake);
    return true;
}

GRUVI_SWITCHPOINT bool
gruvid__await(struct gruvid__leader *leader, gruvi_event_t *event, double until)
{
    int err;

    while ((err = gruvi_event_wait(event, left(until))) == UV_EINTR)
        count_interrupt(leader);
    return err == 0;
}

GRUVI_SWITCHPOINT bool
gruvid__join(struct gruvid__leader *leader, gruvi_group_t *group, double until)
{
    int err;

    while ((err = gruvi_group_join(group, left(until))) == UV_EINTR)
        count_interrupt(leader);
    if (err < 0) {
        /* The process itself may have stood still.  Fibers that were ready all
         * the time get a turn, so that no plugin is blamed for it. */
        GRUVI_SHIELD {
            (void)gruvi_sleep(0);
        }
    }
    return gruvi_group_size(group) == 0;
}
