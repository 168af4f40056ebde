/* SPDX-License-Identifier: MIT */
/* Which metrics there are: see families.c. */
#ifndef GRUVID_METRICS_FAMILIES_H
#define GRUVID_METRICS_FAMILIES_H

#include "metrics/exposition.h"
#include "metrics/figures.h"

/* What is known of gruvid itself. */
struct gruvid__about {
    const char *version;
    uint64_t begun; /* nanoseconds since 1970 */
    bool ready;
};

/* Write all families, and the end. */
void gruvid__families_write(struct gruvid__exposition *exposition,
                            const struct gruvid__about *about,
                            const struct gruvid__figures *figures);

#endif
