/* SPDX-License-Identifier: MIT */
/* Stalls: see stall.h, and sites.h for how often there is a line. */
#include "watch/stall.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "instance/shard.h"
#include "log/sink.h"
#include "os/probe.h"
#include "watch/culprit.h"
#include "watch/say.h"
#include "watch/sites.h"

#define MS UINT64_C(1000000)

static struct {
    struct gruvid__instances *instances;
    struct gruvid__sites sites;
    struct {
        uint64_t turns, key;
        bool open;
    } hubs[GRUVID__MOST_HUBS]; /* the stall that each is in */
} stalls;

static uint64_t
clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* --- which site ----------------------------------------------------------- */

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
}

/*
 * The innermost call in the plugin's own code; else the outermost frame.  The
 * first frame tells nothing: it is another instruction each time.
 */
static uintptr_t
place(const struct gruvid__culprit *culprit)
{
    const gruvi__frames_t *frames = &culprit->frames;

    for (unsigned i = 1; i < frames->n; i++)
        if (culprit->module != NULL &&
            gruvi__module_at(frames->at[i]) == culprit->module)
            return frames->at[i];
    return frames->n > 1 ? frames->at[frames->n - 1] : 0;
}

static uint64_t
key_of(const struct gruvid__culprit *culprit)
{
    uint64_t key = mix(1, culprit->generation);

    for (const char *c = culprit->plugin; *c != '\0'; c++)
        key = mix(key, (unsigned char)*c);
    key = mix(key, (uint64_t)culprit->task.doing);
    if (culprit->task.doing == GRUVID__CALLS)
        key = mix(key, (uint64_t)culprit->task.call);
    return mix(key, place(culprit)) | 1;
}

/* --- lines ---------------------------------------------------------------- */

/* What is said in the first line, and again in later ones. */
static void
describe(struct gruvid__site *site, const struct gruvid__culprit *culprit,
         const struct gruvid__hub *hub)
{
    struct gruvid__text text;

    strcpy(site->plugin, culprit->plugin);
    strcpy(site->fiber, culprit->fiber);
    strcpy(site->hub, hub->name);
    site->generation = culprit->generation;
    gruvid__text_begin(&text, site->where, sizeof site->where);
    gruvid__text_culprit(&text, culprit);
    gruvid__text_add(&text, ", ");
    gruvid__text_doing(&text, &culprit->task);
    gruvid__text_where(&text, culprit);
}

static void
say(const struct gruvid__site *site, const char *what)
{
    char message[GRUVID__SAID];
    struct gruvid__text text;

    gruvid__text_begin(&text, message, sizeof message);
    gruvid__text_add(&text, what);
    gruvid__text_add(&text, site->where);
    gruvid__say(GRUVI_LOG_WARNING, site->hub, site->plugin, site->generation,
                site->fiber, message);
}

static void
say_first(const struct gruvid__site *site, uint64_t taken)
{
    char what[64];

    snprintf(what, sizeof what,
             "stall of %llu ms so far: ", (unsigned long long)(taken / MS));
    say(site, what);
}

static void
say_again(const struct gruvid__site *site)
{
    char what[96];

    if (site->count == 0)
        snprintf(what, sizeof what, "stall that goes on, %llu ms so far: ",
                 (unsigned long long)(site->longest / MS));
    else
        snprintf(what, sizeof what,
                 "stalls in the last minute: %llu, the longest %llu ms: ",
                 (unsigned long long)site->count,
                 (unsigned long long)(site->longest / MS));
    say(site, what);
}

void
gruvid__stall_tell(uint64_t now)
{
    struct gruvid__site *site;

    while ((site = gruvid__site_due(&stalls.sites, now)) != NULL) {
        say_again(site);
        gruvid__site_told(site, now);
    }
}

/* --- stalls --------------------------------------------------------------- */

static void
count_one(gruvid_plugin_t *plugin, void *arg)
{
    const struct gruvid__culprit *culprit = arg;

    for (size_t i = 0; i < plugin->n_shards; i++)
        if (culprit->shard == &plugin->shards[i])
            gruvid__count(&plugin->stalls);
}

/* The core is that of the thread that stalls. */
static void
abort_hub(const struct gruvid__hub *hub)
{
    gruvid__log_flush();
    syscall(SYS_tgkill, getpid(), hub->tid, SIGABRT);
}

static void
begin(unsigned i, const struct gruvid__turn *turn, bool aborts)
{
    static struct gruvid__culprit culprit;
    struct gruvid__site *site;
    bool fresh;

    gruvid__culprit_find(&culprit, turn->hub, stalls.instances);
    GRUVID__PROBE3(stall, &culprit.plugin[0], &culprit.fiber[0], turn->taken);
    gruvid__instances_each(stalls.instances, count_one, &culprit);
    stalls.hubs[i].open = true;
    stalls.hubs[i].turns = turn->turns;
    stalls.hubs[i].key = key_of(&culprit);
    site = gruvid__site_stall(&stalls.sites, stalls.hubs[i].key, turn->taken,
                              clock_now(), &fresh);
    if (fresh || aborts) {
        describe(site, &culprit, turn->hub);
        say_first(site, turn->taken);
    }
    if (aborts)
        abort_hub(turn->hub);
}

void
gruvid__stall_look(unsigned i, const struct gruvid__turn *turn,
                   const struct gruvid__watch_options *options, bool goes_on)
{
    uint64_t limit = (uint64_t)(options->stall_warning * 1e9);

    if (stalls.hubs[i].open) {
        if (goes_on && stalls.hubs[i].turns == turn->turns) {
            gruvid__site_lasts(&stalls.sites, stalls.hubs[i].key, turn->taken);
            return;
        }
        stalls.hubs[i].open = false;
    }
    if (goes_on && limit > 0 && turn->taken >= limit)
        begin(i, turn, options->abort);
}

void
gruvid__stall_open(struct gruvid__instances *instances)
{
    memset(&stalls, 0, sizeof stalls);
    stalls.instances = instances;
}
