/* SPDX-License-Identifier: MIT */
/* Fibers of the control socket: see state.h. */
#include "control/state.h"

/* The stack of a fiber here.  Not that of plugins, which may be too small for
 * jansson and printf. */
#define STACK ((size_t)128 << 10)

gruvi_fiber_t *
gruvid__control_spawn(struct gruvid__control *control, gruvi_fiber_fn target,
                      void *arg, const char *name)
{
    gruvi_fiber_options_t options = {.name = name, .stack_size = STACK};
    gruvi_fiber_t *fiber = NULL;

    gruvi_hub_set_max_fibers(control->daemon->hub, 0);
    GRUVI_IN_GROUP (&control->fibers) {
        fiber = gruvi_spawn_ex(target, arg, &options);
    }
    gruvi_hub_set_max_fibers(control->daemon->hub,
                             control->daemon->hubs.max_fibers);
    return fiber;
}
