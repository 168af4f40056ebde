/* SPDX-License-Identifier: MIT */
/*
 * The child: gruvid__run() with one plugin, as gruvid does it.  What looks
 * after gruvid is this file, in place of the control socket: it begins the
 * fiber of the script, and at the end looks at what is left.
 *
 * Clients connect to an abstract Unix socket, and both ends are in one hub: so
 * nothing happens while no fiber runs.
 */
#include "gruvid-test/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/testing.h"
#include "gruvid-test/calls.h"
#include "gruvid-test/host.h"
#include "gruvid-test/left.h"
#include "gruvid-test/lines.h"
#include "gruvid-test/memory.h"
#include "gruvid-test/stacks.h"
#include "gruvid-test/words.h"
#include "run/exit_status.h"
#include "run/run.h"
#include "watch/handlers.h"

struct gruvid__daemon *daemon_here;

static const char **overrides;
static size_t n_overrides;
static char address[64];
static bool script_over, was_hung;

/* The fiber that waits for the clients, and they. */
static gruvi_fiber_t *script_fiber;
static gruvi_group_t clients;

const char *
plugin_address(void)
{
    return address;
}

gruvid_plugin_t *
current_plugin(void)
{
    return gruvid__instance_find(&daemon_here->instances, plan->name);
}

/* --- the configuration ---------------------------------------------------- */

static bool
add_override(char *text)
{
    const char **more =
        realloc(overrides, (n_overrides + 1) * sizeof *overrides);

    if (more == NULL || text == NULL)
        return false;
    overrides = more;
    overrides[n_overrides++] = text;
    return true;
}

static bool __attribute__((format(printf, 1, 2))) add(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return add_override(text);
}

/* An option without a section is the plugin's. */
bool
add_option(const char *text)
{
    size_t key = strcspn(text, "=");
    bool ok = memchr(text, '.', key) != NULL
                  ? add("%s", text)
                  : add("plugin %s.%s", plan->name, text);

    if (ok && daemon_here != NULL) {
        daemon_here->source.overrides = overrides;
        daemon_here->source.n_overrides = n_overrides;
    }
    return ok;
}

void
drop_option(void)
{
    daemon_here->source.n_overrides = --n_overrides;
}

static bool
add_all(bool connects)
{
    bool ok = add("gruvid.plugin_dir=\"%s\"", plan->dir) &&
              add("gruvid.hubs=1") && add("log.target=file:/dev/null") &&
              add("gruvid.stall_warning=0") &&
              add("plugin %s.module=%s", plan->name, plan->name) &&
              (!connects || add("plugin %s.listen=%s", plan->name, address));

    for (size_t i = 0; i < plan->n_options; i++)
        ok = ok && add_option(plan->options[i]);
    return ok;
}

static const struct gruvid__module *
open_plugin(struct gruvid__modules *modules)
{
    char why[1024];
    const struct gruvid__module *module =
        gruvid__module_open(modules, plan->dir, plan->name, why, sizeof why);

    if (module == NULL)
        fail("%s\n", why);
    return module;
}

static gruvid__config_t *
read_config(struct gruvid__source *source, struct gruvid__modules *modules)
{
    gruvid__config_t *config;

    *source = (struct gruvid__source){.overrides = overrides,
                                      .n_overrides = n_overrides};
    if (gruvid__read(source, modules, &config) < 0) {
        fail("out of memory\n");
        return NULL;
    }
    if (gruvid__config_mistakes(config) == 0)
        return config;
    gruvid__config_print_mistakes(config, stderr);
    fail("the options have mistakes\n");
    return NULL;
}

/* --- while it runs -------------------------------------------------------- */

void
ask_to_stop(void)
{
    gruvid__ask_to_stop(&daemon_here->leader);
    gruvid__wake(&daemon_here->leader);
}

static GRUVI_SWITCHPOINT int
clients_main(void *arg)
{
    (void)arg;
    plan->play();
    return 0;
}

void
cut_short(void)
{
    gruvi_group_cancel(&clients, "the test ends early");
}

/* What a test calls may need more than a plugin has. */
#define STACK ((size_t)256 << 10)

static GRUVI_SWITCHPOINT int
play_clients(void)
{
    gruvi_fiber_options_t options = {.name = "test", .stack_size = STACK};
    gruvi_fiber_t *fiber = NULL;
    int err;

    calls_restart();
    GRUVI_IN_GROUP (&clients) {
        fiber = gruvi_spawn_ex(clients_main, NULL, &options);
    }
    if (fiber == NULL)
        return gruvi_last_error();
    err = gruvi_fiber_join(fiber, GRUVI_FOREVER);
    GRUVI_SHIELD {
        if (err < 0)
            gruvi_group_cancel(&clients, "all wait for ever");
        (void)gruvi_fiber_join(fiber, GRUVI_FOREVER);
        cut_short(); /* what they have not waited for */
        (void)gruvi_group_join(&clients, GRUVI_FOREVER);
    }
    gruvi_fiber_unref(fiber);
    plan->played();
    return 0;
}

/* gruvid says in its log when it is ready. */
static GRUVI_SWITCHPOINT int
script_main(void *arg)
{
    int err;

    (void)arg;
    while (!gruvid__ready(&daemon_here->leader))
        if (lines_wait(GRUVI_FOREVER) < 0)
            return 0;
    err = gruvi_group_init(&clients, "test");
    if (err == 0) {
        err = play_clients();
        gruvi_group_destroy(&clients);
    }
    if (err < 0)
        fail("the %s cannot begin: %s\n", plan->player, gruvi_strerror(err));
    script_over = true;
    ask_to_stop();
    return 0;
}

/* --- what tests do to the hub --------------------------------------------- */

/* Both ends of each connection are here: so all wait for ever.  A thread of
 * gruvid's may read the configuration. */
static bool
stuck(void *arg)
{
    (void)arg;
    if (daemon_here->reloads.stage != NULL)
        return false;
    if (!script_over && !was_hung) {
        was_hung = true;
        return gruvi_fiber_cancel(script_fiber, "all wait for ever") == 0;
    }
    fail("it hangs: gruvid stops, and at %.3f s all wait for ever:\n",
         elapsed());
    tell_fibers();
    lines_tell();
    shared->over = true;
    _exit(0);
}

/* Where the plugin itself calls a switchpoint. */
static bool
is_swept(const gruvi_fiber_t *fiber)
{
    struct calls calls;

    (void)fiber;
    if (!stacks_take(&calls, __builtin_frame_address(0),
                     __builtin_return_address(0)))
        return false;
    strikes(SWITCHPOINT, &calls);
    return true;
}

/* Work that the plugin has a thread of a pool do. */
static bool
is_late(void)
{
    struct calls calls;

    return stacks_take(&calls, __builtin_frame_address(0),
                       __builtin_return_address(0)) &&
           strikes(LATE, &calls);
}

static void
begin_tests(void)
{
    if (!plan->real_time)
        gruvi__test_when_stuck(stuck, NULL);
    if (plan->seed != 0)
        gruvi__test_order(plan->seed);
    if (!plan->real_time)
        gruvi__test_when_working(is_late);
    gruvi__test_count(is_swept, plan->fault == SWITCHPOINT ? plan->at : 0);
}

static int
begin_early(struct gruvid__daemon *daemon)
{
    daemon_here = daemon;
    lines_begin();
    return 0;
}

static int
begin(struct gruvid__daemon *daemon)
{
    gruvi_fiber_options_t options = {.name = "script"};

    (void)daemon;
    begin_tests();
    script_fiber = gruvi_spawn_ex(script_main, NULL, &options);
    return script_fiber == NULL ? gruvi_last_error() : 0;
}

/* Turns for what gruvid has sent before it stopped: to read it takes no time.
 */
#define TURNS 1000

static GRUVI_SWITCHPOINT void
end_script(void)
{
    gruvi_fiber_t *fiber = script_fiber;

    if (fiber == NULL)
        return;
    for (int i = 0; i < TURNS && !script_over; i++)
        if (gruvi_sleep(0) < 0)
            break;
    gruvi_fiber_cancel(fiber, "gruvid has stopped");
    (void)gruvi_fiber_join(fiber, GRUVI_FOREVER);
    /* NOLINTNEXTLINE(gruvi-stale): no other fiber ends it */
    script_fiber = NULL;
    gruvi_fiber_unref(fiber);
}

/* What gruvid leaves behind it names, and exits. */
static GRUVI_SWITCHPOINT void
end(struct gruvid__daemon *daemon, int status)
{
    gruvi__test_count(NULL, 0);
    end_script();
    if (plan->fault == NO_FAULT && status != GRUVID__EXIT_OK &&
        status != GRUVID__EXIT_ABANDONED)
        fail("gruvid has not started, exit status %d\n", status);
    if (daemon->leader.abandoned) {
        fail("fibers were cancelled, and have not ended:\n");
        tell_fibers();
        lines_tell();
        shared->over = true;
    }
    lines_end();
}

static const struct gruvid__attendant attendant = {
    .bind = begin_early, .begin = begin, .end = end};

/* --- from its start to its end -------------------------------------------- */

static void
look_at_rest(void)
{
    left_tell();
    if (shared->failures > 0)
        lines_tell();
}

void
/* NOLINTNEXTLINE(gruvi-unmarked): no fiber calls it, and it does not return */
live(void)
{
    struct gruvid__modules modules = {0};
    const struct gruvid__module *module;
    struct gruvid__source source;
    gruvid__config_t *config;

    gruvid__handlers_remember();
    snprintf(address, sizeof address, "unix:@gruvid-test-%d-%lx", (int)getpid(),
             (unsigned long)gruvi__clock_now());
    module = open_plugin(&modules);
    if (module != NULL && !add_all(module->descriptor.connection != NULL))
        fail("out of memory\n");
    config = module == NULL ? NULL : read_config(&source, &modules);
    if (config != NULL) {
        if (!plan->real_time)
            gruvi__clock_make_virtual();
        snprintf(shared->build_id, sizeof shared->build_id, "%s",
                 module->build_id);
        stacks_watch(module->start, module->end);
        left_begin();
        memory_begin();
        calls_begin();
        (void)gruvid__run(&source, config, &modules, &attendant, plan->verbose);
        calls_end();
        memory_end();
        look_at_rest();
        gruvid__config_free(config);
    }
    shared->over = true;
    exit(0);
}
