/* SPDX-License-Identifier: MIT */
#include "faults/life.h"
#include "faults/sweep.h"
#include "nats/bus.h"

int
main(void)
{
    static const struct faults_subject subject = {
        .least = 30,
        .begin = gruvid_life_begin_with_bus,
        .end = gruvid_life_end,
        .live = gruvid_life,
    };

    bus_need();
    return faults_sweep("faults_nats", &subject);
}
