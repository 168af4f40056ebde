/* SPDX-License-Identifier: MIT */
/* The watch over the hubs: see watching.h. */
#include "run/watching.h"

#include <string.h>

#include "instance/fibers.h"
#include "run/exit_status.h"
#include "run/state.h"
#include "watch/text.h"
#include "watch/watch.h"

static struct gruvid__watch_options
read_options(const struct gruvid__daemon *daemon, gruvid__config_t *config)
{
    gruvid__section_t *gruvid = gruvid__config_section(config, "gruvid");
    gruvid__section_t *hub = gruvid__config_section(config, "hub");
    const char *action = gruvid__section_string(gruvid, "stall_action");

    return (struct gruvid__watch_options){
        .stall_warning = gruvid__section_duration(gruvid, "stall_warning"),
        .abort = strcmp(action, "abort") == 0,
        .ignore_interrupt = gruvid__section_bool(hub, "ignore_interrupt"),
        .drain_timeout = daemon->drain_timeout,
        .cancel_timeout = daemon->leader.cancel_timeout,
        .exit_status = GRUVID__EXIT_ABANDONED,
    };
}

static void
say_stack(const gruvi_fiber_t *fiber, char *buf, size_t size)
{
    struct gruvid__text text;
    gruvi__frames_t frames;

    gruvid__text_begin(&text, buf, size);
    if (gruvi__walk_parked(fiber, &frames) == 0)
        gruvid__text_stack(&text, &frames);
}

void
gruvid__watching_begin(struct gruvid__daemon *daemon)
{
    struct gruvid__watch_options options = read_options(daemon, daemon->config);
    int err = gruvid__watch_open(&daemon->hubs, &daemon->instances, &options);

    gruvid__fibers_show_stacks(say_stack);
    if (err < 0)
        gruvi_warning("stalls are not looked for, the thread for that cannot "
                      "be started: %s",
                      gruvi_strerror(err));
}

void
gruvid__watching_configure(const struct gruvid__daemon *daemon,
                           gruvid__config_t *config)
{
    struct gruvid__watch_options options = read_options(daemon, config);

    gruvid__watch_set(&options);
}
