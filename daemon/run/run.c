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

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>

#include <gruvi/inspect.h>

#include "instance/fibers.h"
#include "log/sink.h"
#include "os/notify.h"
#include "os/process.h"
#include "request/list.h"
#include "request/target.h"
#include "run/drain.h"
#include "run/exit_status.h"
#include "run/life.h"
#include "run/readable.h"
#include "run/retire.h"
#include "run/settings.h"
#include "run/state.h"
#include "run/watching.h"
#include "serve/relisten.h"
#include "serve/serve.h"
#include "watch/crash.h"
#include "watch/handlers.h"
#include "watch/watch.h"

/* How long code of a new module may run when it is loaded, in seconds. */
#define LOADING 30

/* --- start --------------------------------------------------------------- */

/* What gruvid and TLS take of a stack, on top of what stack_size leaves to the
 * plugin.  A handshake of OpenSSL 3.0 takes some 14 KiB. */
#define GRUVID__OWN_STACK ((size_t)32 << 10)

/* Settings that come before there is a hub, the hub, and settings of the hub.
 */
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
    err = gruvi_set_guard_size(gruvid__section_size(fibers, "guard_size"));
    if (err < 0)
        return err;
    gruvi__add_to_stacks(GRUVID__OWN_STACK);
    err = gruvi_set_pool_sizes(
        (unsigned)gruvid__section_integer(pools, "cpu_threads"),
        (unsigned)gruvid__section_integer(pools, "io_threads"));
    if (err < 0)
        return err;
    gruvi__modules_update();
    gruvid__handlers_restore();
    daemon->hub = gruvi_get_hub();
    if (daemon->hub == NULL)
        return gruvi_last_error();
    daemon->hubs.max_fibers =
        (size_t)gruvid__section_integer(fibers, "max_fibers");
    gruvid__crash_open(); /* in front of the hub's own handler */
    gruvi_hub_set_max_fibers(daemon->hub, daemon->hubs.max_fibers);
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

static GRUVI_SWITCHPOINT int
init_daemon(struct gruvid__daemon *daemon)
{
    gruvid__section_t *section =
        gruvid__config_section(daemon->config, "gruvid");
    int err;

    daemon->drain_timeout = gruvid__section_duration(section, "drain_timeout");
    gruvid__leader_init(&daemon->leader,
                        gruvid__section_duration(section, "cancel_timeout"));
    daemon->hubs.leader = &daemon->leader;
    daemon->leader.sockets = &daemon->sockets;
    gruvid__sockets_init(&daemon->sockets);
    gruvid__instances_init(&daemon->instances, &daemon->hubs);
    err = init_hub(daemon);
    if (err == 0) {
        /* It logs its errors itself. */
        if (gruvid__hubs_open(&daemon->hubs, count_hubs(daemon)) < 0)
            return -1;
        err = gruvid__instances_load(&daemon->instances, daemon->config,
                                     daemon->modules);
    }
    if (err == 0)
        gruvid__watching_begin(daemon);
    gruvid__handlers_settle();
    if (err < 0)
        gruvi_error("cannot start: %s", gruvi_strerror(err));
    return err;
}

/* Bind everything, and only then become a user who may not. */
static GRUVI_SWITCHPOINT int
take_addresses(struct gruvid__daemon *daemon,
               const struct gruvid__attendant *attendant)
{
    const char *user = gruvid__section_string(
        gruvid__config_section(daemon->config, "gruvid"), "user");
    char why[256];

    for (size_t i = 0;
         i < daemon->instances.n && !gruvid__stopping(&daemon->leader); i++) {
        int err = gruvid__plugin_bind(daemon->instances.at[i]);

        if (err < 0 &&
            !(err == UV_ECANCELED && gruvid__stopping(&daemon->leader)))
            return GRUVID__EXIT_PLUGIN;
    }
    if (attendant != NULL && attendant->bind(daemon) < 0)
        return GRUVID__EXIT_PLUGIN;
    if (gruvid__process_become(user, why, sizeof why) < 0) {
        gruvi_error("%s", why);
        return GRUVID__EXIT_FAILURE;
    }
    if (user[0] != '\0') {
        gruvid__log_check_reopen();
        gruvid__warn_unreadable(daemon);
    }
    if (attendant != NULL && attendant->begin(daemon) < 0)
        return GRUVID__EXIT_FAILURE;
    return GRUVID__EXIT_OK;
}

static GRUVI_SWITCHPOINT int
begin_serving(gruvid_plugin_t *plugin)
{
    int err = gruvid__serve_start(plugin);

    gruvid__instance_become(plugin, GRUVID__CURRENT);
    if (err < 0)
        gruvi_error("plugin %s: cannot accept connections: %s", plugin->name,
                    gruvi_strerror(err));
    return err;
}

static GRUVI_SWITCHPOINT int
start_plugins(struct gruvid__daemon *daemon)
{
    for (size_t i = 0;
         i < daemon->instances.n && !gruvid__stopping(&daemon->leader); i++) {
        int err = gruvid__plugin_start(daemon->instances.at[i]);

        if (err < 0 &&
            !(err == UV_ECANCELED && gruvid__stopping(&daemon->leader)))
            return GRUVID__EXIT_PLUGIN;
    }
    /* Requests come with the first connection. */
    for (size_t i = 0; i < daemon->instances.n; i++)
        if (daemon->instances.at[i]->state == GRUVID__STARTED)
            gruvid__target_begin(daemon->instances.at[i]);
    for (size_t i = 0;
         i < daemon->instances.n && !gruvid__stopping(&daemon->leader); i++)
        if (begin_serving(daemon->instances.at[i]) < 0)
            return GRUVID__EXIT_FAILURE;
    return GRUVID__EXIT_OK;
}

static GRUVI_SWITCHPOINT void
wait_for_stop(struct gruvid__daemon *daemon)
{
    if (!gruvid__stopping(&daemon->leader)) {
        gruvid__set_stage(&daemon->leader, "serving");
        daemon->modules->trial_program = "/proc/self/exe";
        daemon->modules->trial_seconds = LOADING;
        __atomic_store_n(&daemon->leader.serving, true, __ATOMIC_RELEASE);
        gruvi_info("ready");
        gruvid__notify_ready("serving %zu plugin%s", daemon->instances.n,
                             daemon->instances.n == 1 ? "" : "s");
    }
    while (!gruvid__stopping(&daemon->leader)) {
        bool soon = gruvid__retire_again(&daemon->instances);

        soon |= gruvid__relisten_catch_up(&daemon->instances);
        (void)gruvid__wait(&daemon->leader,
                           soon ? gruvid__now() + 1 : GRUVI_FOREVER);
        gruvid__reload_all(daemon);
    }
    gruvid__reloads_close(daemon);
}

static GRUVI_SWITCHPOINT int
start_and_serve(struct gruvid__daemon *daemon,
                const struct gruvid__attendant *attendant)
{
    int status = take_addresses(daemon, attendant);

    if (status == GRUVID__EXIT_OK)
        status = start_plugins(daemon);
    if (status == GRUVID__EXIT_OK)
        wait_for_stop(daemon);
    gruvid__set_stage(&daemon->leader, "stopping");
    gruvid__drain(daemon);
    return status;
}

/* --- the whole ----------------------------------------------------------- */

static int
open_log(gruvid__config_t *config, bool verbose)
{
    gruvid__section_t *section = gruvid__config_section(config, "log");
    const char *target = gruvid__section_string(section, "target");
    const char *user = gruvid__section_string(
        gruvid__config_section(config, "gruvid"), "user");
    const struct passwd *owner;
    int err;

    errno = 0;
    owner = user[0] == '\0' ? NULL : getpwnam(user);
    if (owner == NULL && user[0] != '\0') {
        err = errno == 0 ? ENOENT : errno;
        fprintf(
            stderr,
            "gruvid: user %s, whose file the log is to be, cannot be looked "
            "up: %s\n",
            user, strerror(err));
        return uv_translate_sys_error(err);
    }
    err = gruvid__log_open(target, gruvid__settings_log_style(config), owner);
    gruvid__log_set_hub("hub 1");
    if (err == UV_EAGAIN) /* of the thread: no file is opened so */
        fprintf(stderr,
                "gruvid: the thread that writes the log cannot be started: %s; "
                "gruvid's user may have too few processes and threads "
                "(LimitNPROC= and TasksMax= of the unit, ulimit -u)\n",
                uv_strerror(err));
    else if (err < 0)
        fprintf(stderr, "gruvid: log.target %s cannot be opened: %s\n", target,
                uv_strerror(err));
    if (err < 0)
        return err;
    gruvid__settings_log_level(config, verbose);
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
    if (daemon->hubs.n > 1)
        gruvi_info("%u hubs", daemon->hubs.n);
    if (daemon->instances.n == 0)
        gruvi_warning("no plugin is configured: there is nothing to do");
}

/* Unless fibers are left there. */
static GRUVI_SWITCHPOINT void
close_other_hubs(struct gruvid__daemon *daemon)
{
    for (size_t i = 0; i < daemon->instances.n && !daemon->leader.abandoned;
         i++)
        gruvid__plugin_close(daemon->instances.at[i]);
    if (!daemon->leader.abandoned)
        gruvid__hubs_close(&daemon->hubs);
}

static GRUVI_SWITCHPOINT void
free_daemon(struct gruvid__daemon *daemon)
{
    gruvid__signals_close(daemon);
    gruvid__sockets_close(&daemon->sockets);
    if (daemon->hub != NULL)
        (void)gruvi_hub_close(daemon->hub);
    gruvid__watch_close();
    gruvid__requests_name_lines(false);
    gruvid__fibers_watch(false);
    gruvid__instances_free(&daemon->instances);
    gruvid__hubs_free(&daemon->hubs);
    gruvid__leader_destroy(&daemon->leader);
    gruvid__config_free(daemon->config);
}

GRUVI_SWITCHPOINT int
gruvid__run(const struct gruvid__source *source, gruvid__config_t *config,
            struct gruvid__modules *modules,
            const struct gruvid__attendant *attendant, bool verbose)
{
    struct gruvid__daemon daemon = {
        .source = *source,
        .first_config = config,
        .modules = modules,
        .verbose = verbose,
    };
    int status = GRUVID__EXIT_FAILURE;

    daemon.config = gruvid__config_ref(config);
    if (open_log(config, verbose) < 0)
        return status;
    gruvid__process_raise_limits();
    gruvid__fibers_watch(true);
    gruvid__requests_name_lines(true);
    if (init_daemon(&daemon) == 0) {
        greet(&daemon);
        status = start_and_serve(&daemon, attendant);
    }
    close_other_hubs(&daemon);
    if (attendant != NULL)
        attendant->end(&daemon,
                       status == GRUVID__EXIT_OK && daemon.leader.abandoned
                           ? GRUVID__EXIT_ABANDONED
                           : status);
    if (daemon.hub != NULL && !daemon.leader.abandoned)
        (void)gruvid__fibers_end_strays(&daemon.leader, daemon.hub);
    if (daemon.leader.abandoned) {
        if (status == GRUVID__EXIT_OK)
            status = GRUVID__EXIT_ABANDONED;
        gruvid__watch_close();
        gruvid__watch_report_stuck(&daemon.hubs, &daemon.instances);
        gruvi_info("stopped, with fibers left behind");
        /* Fibers and threads of plugins still run.  exit() would free what they
         * use. */
        gruvid__log_close();
        fflush(NULL);
        _exit(status);
    }
    free_daemon(&daemon);
    gruvi_info("stopped");
    gruvid__log_close();
    return status;
}
