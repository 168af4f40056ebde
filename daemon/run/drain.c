/* SPDX-License-Identifier: MIT */
/*
 * The stop, in an order that loses no connection without need:
 *
 *   all at once        accept what is queued, then nothing more
 *   one by one, last   connections end by themselves, until drain_timeout or a
 *   started first      second interrupt; then they are cut
 *                      everything else of the plugin is cancelled, then stop
 *
 * There is one drain_timeout for all plugins: connections of every plugin go on
 * ending while the first is waited for.
 */
#include "run/drain.h"

#include <signal.h>

#include "instance/shard.h"
#include "os/notify.h"
#include "run/life.h"
#include "run/state.h"
#include "serve/serve.h"

/* Seconds from one line about what the stop waits for to the next. */
#define REMIND 10.0

static size_t
count_open(const struct gruvid__daemon *daemon)
{
    size_t open = 0;

    for (size_t i = 0; i < daemon->instances.n; i++)
        open += gruvid__plugin_open(daemon->instances.at[i]);
    return open;
}

/* What an operator at a terminal can do about it.  In the background, where
 * SIGINT was ignored from the start, that is nothing. */
static const char *
hint(const struct gruvid__daemon *daemon)
{
    struct sigaction action;

    if (gruvi_hub_ignore_interrupt(daemon->hub) ||
        sigaction(SIGINT, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
        return "";
    return daemon->leader.interrupts > 0 ? "; interrupt again to stop now"
                                         : "; interrupt to stop now";
}

static void
tell(const struct gruvid__daemon *daemon, double until)
{
    size_t open = count_open(daemon);

    if (open == 0)
        return;
    gruvi_info("%zu connection%s left%s, cut in %.0f seconds", open,
               open == 1 ? "" : "s", hint(daemon), until - gruvid__now());
    gruvid__notify_status("stopping: %zu connection%s left", open,
                          open == 1 ? "" : "s");
}

/*
 * Wait until the connections of an instance have ended, or are to be cut.
 *
 *   until       when drain_timeout ends
 *   interrupts  how many there were when the stop began
 */
static void
await_connections(struct gruvid__daemon *daemon, gruvid_plugin_t *plugin,
                  double until, unsigned interrupts)
{
    double remind = gruvid__now() + REMIND;
    size_t open;

    while (!gruvid__serve_over(plugin) &&
           daemon->leader.interrupts == interrupts) {
        if (gruvid__wait(&daemon->leader, remind < until ? remind : until))
            continue;
        if (gruvid__now() >= until)
            break;
        tell(daemon, until);
        remind += REMIND;
    }
    open = gruvid__plugin_open(plugin);
    plugin->cut = open;
    if (open > 0)
        gruvi_warning("plugin %s: %zu connection%s cut, %s", plugin->name, open,
                      open == 1 ? "" : "s",
                      daemon->leader.interrupts == interrupts
                          ? "drain_timeout has passed"
                          : "interrupted again");
}

void
gruvid__drain(struct gruvid__daemon *daemon)
{
    double until = gruvid__now() + daemon->drain_timeout;
    unsigned interrupts = daemon->leader.interrupts;

    gruvi_info("stopping");
    gruvid__notify_stopping("stopping");
    for (size_t i = 0; i < daemon->instances.n; i++)
        gruvid__each_shard(daemon->instances.at[i], gruvid__serve_end, 0);
    tell(daemon, until);
    for (size_t i = daemon->instances.n; i-- > 0;) {
        gruvid_plugin_t *plugin = daemon->instances.at[i];

        if (plugin->state != GRUVID__STARTED)
            continue;
        await_connections(daemon, plugin, until, interrupts);
        gruvid__plugin_stop(plugin);
    }
}
