/* SPDX-License-Identifier: MIT */
/*
 * The stop, in stages, which lose no connection without need:
 *
 *   not ready      for whoever asks; with lame_duck so many seconds more of
 *                  accepting, for clients that have not asked yet
 *   drain          all at once: accept what is queued, then nothing more;
 *                  connections end by themselves, until drain_timeout or a
 *                  second interrupt; then they are cut
 *   stop           in reverse order of the file: everything else of the plugin
 *                  is cancelled, then its stop runs
 *   old generations  that still drain have no more time than the others
 *
 * There is one drain_timeout for all plugins.
 */
#include "run/drain.h"

#include <signal.h>

#include "instance/shard.h"
#include "os/notify.h"
#include "run/life.h"
#include "run/retire.h"
#include "run/state.h"
#include "serve/serve.h"

/* How many times cancel_timeout the end of a plugin takes at most: connections,
 * fibers, and stop twice. */
#define MOST_OF_A_STOP 4

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

/* A stage of the stop, for the log and for whoever asks. */
static void
enter(struct gruvid__daemon *daemon, const char *stage)
{
    gruvid__set_stage(&daemon->leader, stage);
    gruvi_info("%s", stage);
    gruvid__notify_status("%s", stage);
}

static void
tell(const struct gruvid__daemon *daemon, double until)
{
    size_t open = count_open(daemon);
    double left = until - gruvid__now();

    if (open == 0)
        return;
    gruvi_info("%zu connection%s left%s, cut in %.0f s", open,
               open == 1 ? "" : "s", hint(daemon), left > 0 ? left : 0);
    gruvid__notify_status("stopping: %zu connection%s left", open,
                          open == 1 ? "" : "s");
}

/* --- stages --------------------------------------------------------------- */

/* Interrupts that come later hurry the stop. */
static bool
is_hurried(const struct gruvid__daemon *daemon, unsigned interrupts)
{
    return daemon->leader.interrupts != interrupts;
}

static GRUVI_SWITCHPOINT void
be_lame(struct gruvid__daemon *daemon, unsigned interrupts)
{
    double seconds = gruvid__section_duration(
        gruvid__config_section(daemon->config, "gruvid"), "lame_duck");
    double until = gruvid__now() + seconds;

    if (seconds <= 0 || !daemon->leader.serving)
        return;
    gruvi_info("stopping: connections are accepted for %g more seconds "
               "(lame_duck)%s",
               seconds, hint(daemon));
    gruvid__set_stage(&daemon->leader,
                      "stopping: connections are still accepted");
    gruvid__notify_extend(seconds + GRUVID__SPARE);
    gruvid__notify_status("stopping: accepting for %g more seconds", seconds);
    while (!is_hurried(daemon, interrupts) &&
           gruvid__wait(&daemon->leader, until))
        continue;
}

/* The time that an instance has. */
static void
limit(gruvid_plugin_t *plugin, double until, bool is_hurried)
{
    if (plugin->role == GRUVID__OLD && plugin->cut_at < until)
        return;
    __atomic_store(&plugin->cut_at, &until, __ATOMIC_RELAXED);
    plugin->is_hurried = is_hurried;
}

static void
limit_all(struct gruvid__daemon *daemon, double until, bool is_hurried)
{
    for (size_t i = 0; i < daemon->instances.n; i++)
        limit(daemon->instances.at[i], until, is_hurried);
    gruvid__wake(&daemon->leader);
}

/* The list may change with each wait: it is looked at from its beginning. */
static GRUVI_SWITCHPOINT void
drain_all(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->instances.n; i++) {
        gruvid_plugin_t *plugin = daemon->instances.at[i];

        if (plugin->draining)
            continue;
        gruvid__plugin_drain(plugin);
        i = (size_t)-1;
    }
}

static bool
is_over(const struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->instances.n; i++)
        if (!gruvid__plugin_over(daemon->instances.at[i]))
            return false;
    return true;
}

/*
 * Wait until all connections have ended, or are to be cut.
 *
 *   until       when drain_timeout ends
 *   interrupts  how many there were when the stop began
 */
static GRUVI_SWITCHPOINT void
await_connections(struct gruvid__daemon *daemon, double until,
                  unsigned interrupts)
{
    double remind = gruvid__now() + REMIND;

    while (!is_over(daemon) && !is_hurried(daemon, interrupts)) {
        if (gruvid__wait(&daemon->leader, remind < until ? remind : until))
            continue;
        if (gruvid__now() >= until)
            break;
        tell(daemon, until);
        remind += REMIND;
    }
    if (is_hurried(daemon, interrupts))
        limit_all(daemon, gruvid__now(), true);
    for (size_t i = 0; i < daemon->instances.n; i++)
        if (daemon->instances.at[i]->role != GRUVID__OLD)
            gruvid__plugin_cut(daemon->instances.at[i]);
}

/* Whether b is stopped before a. */
static bool
is_before(const gruvid_plugin_t *a, const gruvid_plugin_t *b)
{
    return a == NULL || a->position < b->position ||
           (a->position == b->position && a->generation < b->generation);
}

/* The last of the file that was not stopped yet; NULL: none. */
static gruvid_plugin_t *
next_to_stop(const struct gruvid__daemon *daemon)
{
    gruvid_plugin_t *last = NULL;

    for (size_t i = 0; i < daemon->instances.n; i++) {
        gruvid_plugin_t *plugin = daemon->instances.at[i];

        if (plugin->role != GRUVID__OLD && plugin->state == GRUVID__STARTED &&
            !plugin->was_stopped && is_before(last, plugin))
            last = plugin;
    }
    return last;
}

/* For the end of one plugin, or of several at once. */
static void
ask_for_time(const struct gruvid__daemon *daemon)
{
    gruvid__notify_extend(MOST_OF_A_STOP * daemon->leader.cancel_timeout +
                          GRUVID__SPARE);
}

static GRUVI_SWITCHPOINT void
stop_all(struct gruvid__daemon *daemon)
{
    gruvid_plugin_t *plugin;

    while ((plugin = next_to_stop(daemon)) != NULL) {
        plugin->was_stopped = true;
        ask_for_time(daemon);
        gruvid__plugin_stop(plugin);
    }
}

GRUVI_SWITCHPOINT void
gruvid__drain(struct gruvid__daemon *daemon)
{
    unsigned interrupts = daemon->leader.interrupts;
    double until;

    gruvi_info("stopping: not ready");
    gruvid__notify_stopping("stopping: not ready");
    be_lame(daemon, interrupts);
    enter(daemon, "stopping: connections drain");
    gruvid__notify_extend(daemon->drain_timeout + GRUVID__SPARE);
    until = gruvid__now() + daemon->drain_timeout;
    limit_all(daemon, until, false);
    drain_all(daemon);
    tell(daemon, until);
    await_connections(daemon, until, interrupts);
    enter(daemon, "stopping: plugins stop");
    stop_all(daemon);
    ask_for_time(daemon);
    gruvid__retire_end(&daemon->instances);
}
