/* SPDX-License-Identifier: MIT */
/* The watchdog of the service manager: see pulse.h. */
#include "watch/pulse.h"

#include <stdbool.h>
#include <string.h>

#include "hub/hubs.h"
#include "hub/leader.h"
#include "os/notify.h"

static struct {
    double every; /* seconds; 0: nobody asks for it */
    double next;
    bool turned[GRUVID__MOST_HUBS];
} pulse;

/* A quarter of what it has patience for: a turn that is a bit longer than it
 * should be is no reason to end. */
void
gruvid__pulse_open(void)
{
    pulse.every = gruvid__notify_patience() / 4;
    pulse.next = 0;
}

void
gruvid__pulse_turned(unsigned i)
{
    pulse.turned[i] = true;
}

void
gruvid__pulse_look(unsigned n)
{
    double now;

    if (pulse.every == 0)
        return;
    for (unsigned i = 0; i < n; i++)
        if (!pulse.turned[i])
            return;
    now = gruvid__now();
    if (now < pulse.next)
        return;
    pulse.next = now + pulse.every;
    memset(pulse.turned, 0, sizeof pulse.turned);
    gruvid__notify_alive();
}
