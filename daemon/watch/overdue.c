/* SPDX-License-Identifier: MIT */
/*
 * A stop is done by the leader, in the first hub.  Where code of a plugin keeps
 * that hub, nobody there even hears of a signal, so it is heard here:
 *
 *   SIGTERM waits for the hub      the stop was asked for
 *   drain_timeout, cancel_timeout  pass
 *   the hub still does not turn    its fiber is named, the process ends
 *
 * A hub that came to turn again goes on with the stop as usual, and has all of
 * its time.  A hub that stops turning later has cancel_timeout.
 */
#include "watch/overdue.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "log/sink.h"
#include "os/notify.h"
#include "watch/culprit.h"
#include "watch/say.h"

/* Seconds after which a hub that does not turn is said to keep a stop. */
#define SAID_AFTER 0.5

static struct {
    struct gruvid__leader *leader;
    double since; /* when the stop was asked for; 0: it was not */
    bool said;
} overdue;

void
gruvid__overdue_open(struct gruvid__leader *leader)
{
    overdue.leader = leader;
    overdue.since = 0;
    overdue.said = false;
}

/* --- the end -------------------------------------------------------------- */

static void
name(const struct gruvid__hub *hub, struct gruvid__instances *instances,
     const char *what)
{
    static struct gruvid__culprit culprit;
    char message[GRUVID__SAID];
    struct gruvid__text text;

    gruvid__culprit_find(&culprit, hub, instances);
    gruvid__text_begin(&text, message, sizeof message);
    gruvid__text_add(&text, what);
    gruvid__text_culprit(&text, &culprit);
    gruvid__text_add(&text, ", ");
    gruvid__text_doing(&text, &culprit.task);
    gruvid__text_where(&text, &culprit);
    gruvid__say(GRUVI_LOG_ERROR, hub->name, culprit.plugin, culprit.generation,
                culprit.fiber, message);
}

void
gruvid__overdue_name(const struct gruvid__hub *hub,
                     struct gruvid__instances *instances)
{
    name(hub, instances, "left behind, it keeps its hub: ");
}

/* exit() would free what is still in use. */
static void
end(const struct gruvid__turn *turn, struct gruvid__instances *instances,
    int status)
{
    char what[96];

    snprintf(what, sizeof what,
             "the stop is overdue: %s has not turned for %.1f seconds: ",
             turn->hub->name, (double)turn->taken / 1e9);
    name(turn->hub, instances, what);
    gruvid__say(GRUVI_LOG_ERROR, "", "", 0, "",
                "ended, with a hub that does not turn left behind");
    gruvid__log_close();
    _exit(status);
}

/* --- looking -------------------------------------------------------------- */

static bool
waits(const struct gruvid__turn *turn, int signum)
{
    return (turn->signals & (UINT64_C(1) << (signum - 1))) != 0;
}

static bool
is_asked(const struct gruvid__turn *turn, bool ignore_interrupt)
{
    return gruvid__stopping(overdue.leader) || waits(turn, SIGTERM) ||
           (waits(turn, SIGINT) && !ignore_interrupt);
}

/* Once: the leader says nothing, as long as its hub does not turn. */
static void
say(const struct gruvid__turn *turn, double left)
{
    char message[160];

    if (overdue.said || gruvid__stopping(overdue.leader) ||
        (double)turn->taken < SAID_AFTER * 1e9)
        return;
    overdue.said = true;
    snprintf(message, sizeof message,
             "asked to stop, but %s does not turn: it has %.0f s",
             turn->hub->name, left);
    gruvid__say(GRUVI_LOG_WARNING, "", "", 0, "", message);
    gruvid__notify_stopping("stopping: %s does not turn", turn->hub->name);
    gruvid__notify_extend(left + GRUVID__SPARE);
}

void
gruvid__overdue_look(const struct gruvid__turn *turn,
                     struct gruvid__instances *instances,
                     const struct gruvid__watch_options *options)
{
    double now = gruvid__now(), until;

    if (!is_asked(turn, options->ignore_interrupt))
        return;
    if (overdue.since == 0)
        overdue.since = now;
    until = overdue.since + options->drain_timeout + options->cancel_timeout;
    say(turn, until - now);
    if (now >= until && turn->taken > 0 &&
        (double)turn->taken >= options->cancel_timeout * 1e9)
        end(turn, instances, options->exit_status);
}
