/* SPDX-License-Identifier: MIT */
/* The metrics that plugins count: gruvid_counter_get(). */
#include <string.h>

#include "metrics/columns.h"

/* They are sorted by name, so a family of several sections is in one piece. */
void
gruvid__families_write_counters(struct gruvid__exposition *e,
                                const struct gruvid__figures *figures)
{
    struct gruvid__family family = {.name = "", .type = GRUVID__COUNTER};

    for (size_t i = 0; i < figures->n_counters; i++) {
        const struct gruvid__counter_figures *one = &figures->counters[i];
        struct gruvid__label labels[GRUVID__LABELS] = {{"plugin", one->plugin}};

        if (strcmp(family.name, one->name) != 0) {
            family.name = one->name;
            family.help = one->help;
            gruvid__exposition_family(e, &family);
        }
        if (*one->label != '\0')
            labels[1] = (struct gruvid__label){one->label, one->value};
        gruvid__exposition_sample(e, &family, labels, one->n);
    }
}
