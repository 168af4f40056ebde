/* SPDX-License-Identifier: MIT */
/* What a reload is to do, section by section, by comparison of what was read
 * with what runs. */
#ifndef GRUVID_PLAN_H
#define GRUVID_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "instance/instance.h"

enum gruvid__step {
    GRUVID__STEP_KEEP,        /* nothing has changed */
    GRUVID__STEP_ADJUST,      /* limits, addresses: the plugin is not called */
    GRUVID__STEP_RECONFIGURE, /* the plugin takes its options itself */
    GRUVID__STEP_BEGIN,       /* another generation, or the first */
    GRUVID__STEP_END          /* the section is gone */
};

/* One section. */
struct gruvid__item {
    enum gruvid__step step;
    unsigned changes;           /* of gruvid__section_compare() */
    gruvid__section_t *section; /* that was read; NULL: none */
    const struct gruvid__module *module;
    size_t position;      /* in the file */
    gruvid_plugin_t *old; /* that runs; NULL: none */
    bool replaces;        /* the old one stops before the new one starts */

    /* What old runs with; before is held. */
    gruvid__section_t *before; /* NULL: there is no old one */
    const struct gruvid__module *module_before;
    size_t position_before;

    /* How far it is. */
    gruvid_plugin_t *next;          /* what BEGIN has made; NULL: nothing */
    bool reconfigured;              /* old has the new options */
    bool ended;                     /* old has gone, because it is replaced */
    struct gruvid__listening *kept; /* its addresses, meanwhile */
};

struct gruvid__plan {
    struct gruvid__item *items; /* in the order of the file, then what ends */
    size_t n;
};

/*
 * Make a plan.
 *
 *   config   that was read, without mistakes
 *   restart  the name of a plugin that begins anew in any case; NULL: none
 *
 * Returns 0; free the plan with gruvid__plan_free() either way.
 * Errors:  UV_ENOMEM; UV_ENOENT: the plugin to be begun anew is not in the
 *          configuration.  Logged.
 */
int gruvid__plan_make(struct gruvid__plan *plan,
                      const struct gruvid__instances *instances,
                      gruvid__config_t *config, const char *restart);

void gruvid__plan_free(struct gruvid__plan *plan);

#endif
