/* SPDX-License-Identifier: MIT */
/* Settings of gruvid itself that a reload takes: see settings.h. */
#include "run/settings.h"

#include <string.h>

#include "log/level.h"
#include "run/state.h"
#include "run/watching.h"

/* --- the log -------------------------------------------------------------- */

void
gruvid__settings_log_level(gruvid__config_t *config, bool verbose)
{
    const char *level =
        gruvid__section_string(gruvid__config_section(config, "log"), "level");

    for (int i = GRUVI_LOG_ERROR; i <= GRUVI_LOG_DEBUG; i++)
        if (verbose || strcmp(gruvi_log_level_name(i), level) == 0)
            gruvid__log_set_level(i);
}

enum gruvid__log_style
gruvid__settings_log_style(gruvid__config_t *config)
{
    const char *format =
        gruvid__section_string(gruvid__config_section(config, "log"), "format");

    return strcmp(format, "json") == 0     ? GRUVID__LOG_JSON
           : strcmp(format, "logfmt") == 0 ? GRUVID__LOG_LOGFMT
                                           : GRUVID__LOG_TEXT;
}

int
gruvid__settings_prepare(struct gruvid__daemon *daemon,
                         gruvid__config_t *config)
{
    gruvid__section_t *now = gruvid__config_section(daemon->config, "log");
    gruvid__section_t *then = gruvid__config_section(config, "log");
    const char *target = gruvid__section_string(then, "target");
    int err;

    if (!gruvid__section_differs(now, then, "target"))
        return 0;
    err = gruvid__log_open_next(target, NULL);
    if (err < 0)
        gruvi_error("log.target %s cannot be opened: %s", target,
                    gruvi_strerror(err));
    return err;
}

void
gruvid__settings_undo(void)
{
    gruvid__log_close_next();
}

/* --- all of them ---------------------------------------------------------- */

static int
set_hub(void *arg)
{
    const struct gruvid__daemon *daemon = arg;

    gruvi_hub_set_max_fibers(gruvi_get_hub(), daemon->hubs.max_fibers);
    return 0;
}

static GRUVI_SWITCHPOINT void
set_hubs(struct gruvid__daemon *daemon, gruvid__config_t *config)
{
    daemon->hubs.max_fibers = (size_t)gruvid__section_integer(
        gruvid__config_section(config, "fibers"), "max_fibers");
    for (unsigned i = 0; i < daemon->hubs.n; i++)
        (void)gruvid__hub_call(&daemon->hubs.at[i], set_hub, daemon, 0);
    gruvi_hub_set_ignore_interrupt(
        daemon->hub, gruvid__section_bool(gruvid__config_section(config, "hub"),
                                          "ignore_interrupt"));
}

static void
set_timeouts(struct gruvid__daemon *daemon, gruvid__config_t *config)
{
    gruvid__section_t *section = gruvid__config_section(config, "gruvid");
    double cancel_timeout = gruvid__section_duration(section, "cancel_timeout");

    daemon->drain_timeout = gruvid__section_duration(section, "drain_timeout");
    __atomic_store(&daemon->leader.cancel_timeout, &cancel_timeout,
                   __ATOMIC_RELAXED);
}

static void
tell(void *arg, const char *section, const char *key, const char *now,
     const char *then)
{
    (void)arg;
    gruvi_info("%s.%s: %s, no longer %s", section, key, then, now);
}

GRUVI_SWITCHPOINT void
gruvid__settings_commit(struct gruvid__daemon *daemon, gruvid__config_t *config)
{
    gruvid__section_t *pools = gruvid__config_section(config, "pools");

    gruvid__config_each_change(daemon->config, config, GRUVID__CHANGED_LIVE,
                               tell, NULL);
    gruvid__log_switch(gruvid__settings_log_style(config));
    gruvid__settings_log_level(config, daemon->verbose);
    gruvi_set_pool_sizes(
        (unsigned)gruvid__section_integer(pools, "cpu_threads"),
        (unsigned)gruvid__section_integer(pools, "io_threads"));
    set_timeouts(daemon, config);
    gruvid__watching_configure(daemon, config);
    set_hubs(daemon, config);
}
