/* SPDX-License-Identifier: MIT */
/*
 * From a configuration that is correct to an exit status.
 *
 *   log, limits, hub, signals
 *   bind every address        as root, if root
 *   become the user
 *   start the plugins         in the order of the file
 *   accept                    READY
 *   wait for a signal
 *   drain                     see drain.c
 */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>

#include "exit_status.h"
#include "instance.h"
#include "log_sink.h"
#include "notify.h"
#include "process.h"

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
    daemon->stopping = true;
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
        daemon->stopping = true;
        return false;
    }
    gruvi_event_clear(&daemon->wake);
    return true;
}

bool
gruvid__join(struct gruvid__daemon *daemon, gruvi_group_t *group,
             double timeout)
{
    double until = gruvid__now() + timeout;
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

static void
init_plugin(struct gruvid__daemon *daemon, gruvid_plugin_t *plugin,
            gruvid__section_t *section)
{
    char why[1024];

    plugin->daemon = daemon;
    plugin->section = section;
    plugin->name = gruvid__section_plugin(section);
    /* It is open already: that was checked. */
    plugin->module = gruvid__module_open(
        daemon->modules,
        gruvid__section_string(gruvid__config_section(daemon->config, "gruvid"),
                               "plugin_dir"),
        gruvid__section_module(section), why, sizeof why);
    plugin->max_connections =
        (size_t)gruvid__section_integer(section, "max_connections");
    plugin->read_timeout = gruvid__section_duration(section, "read_timeout");
    plugin->idle_timeout = gruvid__section_duration(section, "idle_timeout");
}

static int
init_plugins(struct gruvid__daemon *daemon)
{
    gruvid__section_t *section = NULL;
    size_t n = 0;

    while ((section = gruvid__config_next_plugin(daemon->config, section)))
        n++;
    daemon->plugins = calloc(n + 1, sizeof *daemon->plugins);
    if (daemon->plugins == NULL)
        return UV_ENOMEM;
    while ((section = gruvid__config_next_plugin(daemon->config, section)))
        init_plugin(daemon, &daemon->plugins[daemon->n_plugins++], section);
    return 0;
}

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
    gruvi_hub_set_max_fibers(
        daemon->hub, (size_t)gruvid__section_integer(fibers, "max_fibers"));
    gruvi_hub_set_ignore_interrupt(
        daemon->hub, gruvid__section_bool(hub, "ignore_interrupt"));
    return gruvid__signals_open(daemon);
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
    err = init_plugins(daemon);
    if (err == 0)
        err = init_hub(daemon);
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

    for (size_t i = 0; i < daemon->n_plugins; i++)
        if (gruvid__serve_bind(&daemon->plugins[i]) < 0)
            return GRUVID__EXIT_PLUGIN;
    if (gruvid__process_become(user, why, sizeof why) < 0) {
        gruvi_error("%s", why);
        return GRUVID__EXIT_FAILURE;
    }
    return GRUVID__EXIT_OK;
}

static int
start_plugins(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->n_plugins && !daemon->stopping; i++) {
        int err = gruvid__plugin_start(&daemon->plugins[i]);

        if (err < 0 && err != UV_ECANCELED)
            return GRUVID__EXIT_PLUGIN;
    }
    for (size_t i = 0; i < daemon->n_plugins && !daemon->stopping; i++)
        if (gruvid__serve_begin(&daemon->plugins[i]) < 0)
            return GRUVID__EXIT_FAILURE;
    return GRUVID__EXIT_OK;
}

static void
work(struct gruvid__daemon *daemon)
{
    if (!daemon->stopping) {
        GRUVI_SHIELD {
            gruvi_sleep(0); /* those who listen say so */
        }
        gruvi_info("ready");
        gruvid__notify_ready("serving %zu plugin%s", daemon->n_plugins,
                             daemon->n_plugins == 1 ? "" : "s");
    }
    while (!daemon->stopping)
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
    if (status == GRUVID__EXIT_OK && daemon->abandoned)
        status = GRUVID__EXIT_ABANDONED;
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
    if (daemon->n_plugins == 0)
        gruvi_warning("no plugin is configured: there is nothing to do");
}

static void
end(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->n_plugins; i++)
        gruvid__serve_close(&daemon->plugins[i]);
    gruvid__signals_close(daemon);
    if (daemon->hub != NULL)
        gruvi_hub_close(daemon->hub);
    gruvid__fibers_watch(NULL);
    gruvi_event_destroy(&daemon->wake);
    free(daemon->plugins);
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
    if (daemon.abandoned) {
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
