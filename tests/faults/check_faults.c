/* SPDX-License-Identifier: MIT */
#include "faults/life.h"
#include "faults/sweep.h"

int
main(void)
{
    static const struct faults_subject subject = {
        .sees_all = true,
        .least = 30,
        .begin = gruvid_life_begin,
        .end = gruvid_life_end,
        .live = gruvid_life,
    };

    return faults_sweep("faults", &subject);
}
