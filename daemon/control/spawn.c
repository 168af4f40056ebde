/* SPDX-License-Identifier: MIT */
/* Fibers of the control socket: see state.h. */
#include "control/state.h"

/* The stack of a fiber here.  Not that of plugins, which may be too small for
 * jansson and printf. */
#define STACK ((size_t)128 << 10)

gruvi_fiber_t *
gruvid__spawn_aside(struct gruvid__daemon *daemon, gruvi_group_t *group,
                    gruvi_fiber_fn target, void *arg, const char *name)
{
    gruvi_fiber_options_t options = {.name = name, .stack_size = STACK};
    gruvi_fiber_t *fiber = NULL;

    gruvi_hub_set_max_fibers(daemon->hub, 0);
    GRUVI_IN_GROUP (group) {
        fiber = gruvi_spawn_ex(target, arg, &options);
    }
    gruvi_hub_set_max_fibers(daemon->hub, daemon->hubs.max_fibers);
    return fiber;
}

gruvi_fiber_t *
gruvid__control_spawn(struct gruvid__control *control, gruvi_fiber_fn target,
                      void *arg, const char *name)
{
    return gruvid__spawn_aside(control->daemon, &control->fibers, target, arg,
                               name);
}
