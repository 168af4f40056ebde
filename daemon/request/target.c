/* SPDX-License-Identifier: MIT */
/*
 * The generation that answers the requests of a section: see target.h.
 *
 * Hubs read it, and count a request, without a switch in between.  So when each
 * hub has answered a call after it was changed, none is between both.
 */
#include "request/target.h"

#include <gruvid/transport.h>

#include "instance/instance.h"

/* Seconds until a hub that did not answer is asked again. */
#define AGAIN 1.0

void
gruvid__target_begin(gruvid_plugin_t *plugin)
{
    struct gruvid__line *line = plugin->line;

    if (plugin->module->descriptor.request != NULL) {
        __atomic_store_n(&line->target, plugin, __ATOMIC_SEQ_CST);
        gruvi_event_set(&line->answers);
    } else {
        gruvi_event_clear(&line->answers);
        __atomic_store_n(&line->target, NULL, __ATOMIC_SEQ_CST);
    }
}

void
gruvid__target_end(gruvid_plugin_t *plugin)
{
    gruvid_plugin_t *expected = plugin;

    if (__atomic_compare_exchange_n(&plugin->line->target, &expected, NULL,
                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        gruvi_event_clear(&plugin->line->answers);
}

GRUVI_SWITCHPOINT int
gruvid_target_wait(gruvid_plugin_t *plugin, const char *target, double timeout)
{
    struct gruvid__line *line = gruvid__line_find(plugin->all, target);

    return line == NULL ? UV_ENOENT : gruvi_event_wait(&line->answers, timeout);
}

static int
nothing(void *arg)
{
    (void)arg;
    return 0;
}

GRUVI_SWITCHPOINT void
gruvid__target_settle(gruvid_plugin_t *plugin)
{
    struct gruvid__hubs *hubs = plugin->all->hubs;
    struct gruvid__leader *leader = plugin->leader;

    if (plugin->module->descriptor.request == NULL && plugin->bus == NULL)
        return; /* no other plugin's hub matters to its end */
    for (unsigned i = 0; i < hubs->n && !gruvid__stopping(leader); i++)
        while (gruvid__hub_call(&hubs->at[i], nothing, NULL, 0) ==
                   UV_ETIMEDOUT &&
               !gruvid__stopping(leader))
            (void)gruvid__wait(leader, gruvid__now() + AGAIN);
}
