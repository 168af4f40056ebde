/* SPDX-License-Identifier: MIT */
/*
 * From a configuration that is correct to an exit status.
 *
 *   log, limits, hub, signals
 *   the other hubs            a thread each, see hubs.h
 *   bind every address        as root, if root
 *   become the user
 *   start the plugins         in the order of the file
 *   accept                    READY
 *   wait for a signal
 *   drain                     see drain.c
 */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>

#include "exit_status.h"
#include "instance/instance.h"
#include "log/sink.h"
#include "os/notify.h"
#include "os/process.h"

/* --- what the root fiber waits for --------------------------------------- */

double
gruvid__now(void)
{
    return (double)uv_hrtime() / 1e9;
}

void
gruvid__wake(struct gruvid__daemon *daemon)
{
    gruvi_event_set(&daemon->wake);
}

void
gruvid__ask_to_stop(struct gruvid__daemon *daemon)
{
    __atomic_store_n(&daemon->stopping, true, __ATOMIC_RELEASE);
}

/* A timeout for what is left until a time, or 0. */
static double
left(double until)
{
    double timeout = until - gruvid__now();

    if (until < 0)
        return GRUVI_FOREVER;
    return timeout > 0 ? timeout : 0;
}

/* SIGINT has ended a wait. */
static void
count_interrupt(struct gruvid__daemon *daemon)
{
    daemon->interrupts++;
    gruvid__ask_to_stop(daemon);
}

bool
gruvid__wait(struct gruvid__daemon *daemon, double until)
{
    int err = gruvi_event_wait(&daemon->wake, left(until));

    if (err == UV_ETIMEDOUT)
        return false;
    if (err == UV_EINTR) {
        count_interrupt(daemon);
    } else if (err < 0) {
        /* Never seen; to wait again would be to wait in circles. */
        gruvi_error("the root fiber cannot wait: %s", gruvi_strerror(err));
        gruvid__ask_to_stop(daemon);
        return false;
    }
    gruvi_event_clear(&daemon->wake);
    return true;
}

bool
gruvid__await(struct gruvid__daemon *daemon, gruvi_event_t *event, double until)
{
    int err;

    while ((err = gruvi_event_wait(event, left(until))) == UV_EINTR)
        count_interrupt(daemon);
    return err == 0;
}

bool
gruvid__join(struct gruvid__daemon *daemon, gruvi_group_t *group, double until)
{
    int err;

    while ((err = gruvi_group_join(group, left(until))) == UV_EINTR)
        count_interrupt(daemon);
    if (err < 0) {
        /* The process may have stood still itself: what was ready all the time
         * has its chance, so that nobody is accused for that. */
        GRUVI_SHIELD {
            gruvi_sleep(0);
        }
    }
    return gruvi_group_size(group) == 0;
}

/* --- start --------------------------------------------------------------- */

/* What has to be set before there is a hub, the hub, and what is set in it. */
static int
init_hub(struct gruvid__daemon *daemon)
{
    gruvid__section_t *pools = gruvid__config_section(daemon->config, "pools");
    gruvid__section_t *fibers =
        gruvid__config_section(daemon->config, "fibers");
    gruvid__section_t *hub = gruvid__config_section(daemon->config, "hub");
    int err;

    err = gruvi_set_stack_size(gruvid__section_size(fibers, "stack_size"));
    if (err < 0)
        return err;
    err = gruvi_set_pool_sizes(
        (unsigned)gruvid__section_integer(pools, "cpu_threads"),
        (unsigned)gruvid__section_integer(pools, "io_threads"));
    if (err < 0)
        return err;
    daemon->hub = gruvi_get_hub();
    if (daemon->hub == NULL)
        return gruvi_last_error();
    daemon->max_fibers = (size_t)gruvid__section_integer(fibers, "max_fibers");
    gruvi_hub_set_max_fibers(daemon->hub, daemon->max_fibers);
    gruvi_hub_set_ignore_interrupt(
        daemon->hub, gruvid__section_bool(hub, "ignore_interrupt"));
    return gruvid__signals_open(daemon);
}

static unsigned
count_hubs(struct gruvid__daemon *daemon)
{
    int64_t n = gruvid__section_integer(
        gruvid__config_section(daemon->config, "gruvid"), "hubs");

    if (n == 0) /* auto */
        n = uv_available_parallelism();
    return (unsigned)(n < GRUVID__MOST_HUBS ? n : GRUVID__MOST_HUBS);
}

static int
init(struct gruvid__daemon *daemon)
{
    gruvid__section_t *section =
        gruvid__config_section(daemon->config, "gruvid");
    int err;

    daemon->drain_timeout = gruvid__section_duration(section, "drain_timeout");
    daemon->cancel_timeout =
        gruvid__section_duration(section, "cancel_timeout");
    gruvi_event_init(&daemon->wake);
    err = init_hub(daemon);
    if (err == 0) {
        /* It says itself what it fails for. */
        if (gruvid__hubs_open(daemon, count_hubs(daemon)) < 0)
            return -1;
        err = gruvid__instances_init(daemon);
    }
    if (err < 0)
        gruvi_error("cannot start: %s", gruvi_strerror(err));
    return err;
}

/* Bind everything, and only then give up the right to. */
static int
take_addresses(struct gruvid__daemon *daemon)
{
    const char *user = gruvid__section_string(
        gruvid__config_section(daemon->config, "gruvid"), "user");
    char why[256];

    for (size_t i = 0; i < daemon->n_plugins && !gruvid__stopping(daemon);
         i++) {
        int err = gruvid__plugin_bind(&daemon->plugins[i]);

        if (err < 0 && !(err == UV_ECANCELED && gruvid__stopping(daemon)))
            return GRUVID__EXIT_PLUGIN;
    }
    if (gruvid__process_become(user, why, sizeof why) < 0) {
        gruvi_error("%s", why);
        return GRUVID__EXIT_FAILURE;
    }
    return GRUVID__EXIT_OK;
}

static int
begin_serving(gruvid_plugin_t *plugin)
{
    int err = gruvid__each_part(plugin, gruvid__serve_begin, 0);

    if (err < 0)
        gruvi_error("plugin %s: cannot accept connections: %s", plugin->name,
                    gruvi_strerror(err));
    return err;
}

static int
start_plugins(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->n_plugins && !gruvid__stopping(daemon);
         i++) {
        int err = gruvid__plugin_start(&daemon->plugins[i]);

        if (err < 0 && !(err == UV_ECANCELED && gruvid__stopping(daemon)))
            return GRUVID__EXIT_PLUGIN;
    }
    for (size_t i = 0; i < daemon->n_plugins && !gruvid__stopping(daemon); i++)
        if (begin_serving(&daemon->plugins[i]) < 0)
            return GRUVID__EXIT_FAILURE;
    return GRUVID__EXIT_OK;
}

static void
work(struct gruvid__daemon *daemon)
{
    if (!gruvid__stopping(daemon)) {
        gruvi_info("ready");
        gruvid__notify_ready("serving %zu plugin%s", daemon->n_plugins,
                             daemon->n_plugins == 1 ? "" : "s");
    }
    while (!gruvid__stopping(daemon))
        gruvid__wait(daemon, GRUVI_FOREVER);
}

static int
live(struct gruvid__daemon *daemon)
{
    int status = take_addresses(daemon);

    if (status == GRUVID__EXIT_OK)
        status = start_plugins(daemon);
    if (status == GRUVID__EXIT_OK)
        work(daemon);
    gruvid__drain(daemon);
    return status;
}

/* --- the whole ----------------------------------------------------------- */

static int
open_log(gruvid__config_t *config, bool verbose)
{
    gruvid__section_t *section = gruvid__config_section(config, "log");
    const char *target = gruvid__section_string(section, "target");
    const char *level = gruvid__section_string(section, "level");
    bool json = strcmp(gruvid__section_string(section, "format"), "json") == 0;
    int err =
        gruvid__log_open(target, json ? GRUVID__LOG_JSON : GRUVID__LOG_TEXT);

    if (err < 0) {
        fprintf(stderr, "gruvid: log.target %s cannot be opened: %s\n", target,
                uv_strerror(err));
        return err;
    }
    for (int i = GRUVI_LOG_ERROR; i <= GRUVI_LOG_DEBUG; i++)
        if (verbose || strcmp(gruvi_log_level_name(i), level) == 0)
            gruvi_set_log_level(i);
    return 0;
}

static void
greet(const struct gruvid__daemon *daemon)
{
    size_t ceiling;
    const char *guard = gruvi_stack_guard(&ceiling);

    if (ceiling == SIZE_MAX)
        gruvi_info("gruvid %s starts; stacks guarded by %s, as many as there "
                   "is memory for",
                   gruvi_version(), guard);
    else
        gruvi_info("gruvid %s starts; stacks guarded by %s, at most %zu",
                   gruvi_version(), guard, ceiling);
    if (daemon->n_hubs > 1)
        gruvi_info("%u hubs", daemon->n_hubs);
    if (daemon->n_plugins == 0)
        gruvi_warning("no plugin is configured: there is nothing to do");
}

/* End the other hubs, if nobody is left there. */
static void
leave(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->n_plugins && !daemon->abandoned; i++)
        gruvid__plugin_close(&daemon->plugins[i]);
    if (!daemon->abandoned)
        gruvid__hubs_close(daemon);
}

static void
end(struct gruvid__daemon *daemon)
{
    gruvid__signals_close(daemon);
    if (daemon->hub != NULL)
        gruvi_hub_close(daemon->hub);
    gruvid__fibers_watch(NULL);
    gruvid__instances_free(daemon);
    gruvid__hubs_free(daemon);
    gruvi_event_destroy(&daemon->wake);
}

int
gruvid__run(gruvid__config_t *config, struct gruvid__modules *modules,
            bool verbose)
{
    struct gruvid__daemon daemon = {.config = config, .modules = modules};
    int status = GRUVID__EXIT_FAILURE;

    if (open_log(config, verbose) < 0)
        return status;
    gruvid__process_raise_limits();
    gruvid__fibers_watch(&daemon);
    if (init(&daemon) == 0) {
        greet(&daemon);
        status = live(&daemon);
    }
    leave(&daemon);
    if (daemon.abandoned) {
        if (status == GRUVID__EXIT_OK)
            status = GRUVID__EXIT_ABANDONED;
        gruvi_info("stopped, with fibers left behind");
        /* Fibers and threads of plugins are still at it.  What exit() runs
         * would pull things from under their feet. */
        fflush(NULL);
        _exit(status);
    }
    end(&daemon);
    gruvi_info("stopped");
    return status;
}
