/* SPDX-License-Identifier: MIT */
/* The daemon from its command line to its exit status: loads the configuration
 * and does what was asked for. */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gruvi.h>

#include "cli.h"
#include "config/config.h"
#include "control/control.h"
#include "run/exit_status.h"
#include "module/load.h"
#include "os/inherited.h"
#include "os/process.h"
#include "run/read.h"
#include "run/run.h"
#include "single.h"
#include "watch/handlers.h"

#define DEFAULT_CONFIG GRUVID_CONFDIR "/gruvid.conf"

static int
out_of_memory(void)
{
    fputs("gruvid: out of memory\n", stderr);
    return GRUVID__EXIT_FAILURE;
}

/* Before anything is opened that could be taken for a socket of others. */
static int
inherit(void)
{
    int err = gruvid__inherited_open();

    if (err == 0)
        return 0;
    fprintf(stderr,
            "gruvid: the sockets of the service manager cannot be taken: %s; "
            "LISTEN_FDS has to be their number, and LISTEN_FDNAMES, where it "
            "is set, as many names\n",
            gruvi_strerror(err));
    return GRUVID__EXIT_PLUGIN;
}

/* --- checking ------------------------------------------------------------ */

/* The file to read; NULL: none.  A plugin named by --run needs none. */
static const char *
config_path(const struct gruvid__cli *cli)
{
    if (cli->config != NULL || cli->run != NULL)
        return cli->config;
    return DEFAULT_CONFIG;
}

static struct gruvid__source
source_of(const struct gruvid__cli *cli)
{
    return (struct gruvid__source){.path = config_path(cli),
                                   .overrides = cli->overrides,
                                   .n_overrides = cli->n_overrides};
}

/*
 * Load a configuration with everything it names; print its mistakes.
 *
 * Returns 0, or the status to exit with.
 */
static int
load(const struct gruvid__cli *cli, gruvid__config_t **config,
     struct gruvid__modules *modules)
{
    struct gruvid__source source = source_of(cli);

    if (gruvid__read(&source, modules, config) < 0)
        return out_of_memory();
    if (gruvid__config_mistakes(*config) == 0)
        return 0;
    gruvid__config_print_mistakes(*config, stderr);
    return GRUVID__EXIT_CONFIG;
}

/* --- actions -------------------------------------------------------------- */

static int
version(void)
{
    size_t ceiling;
    const char *guard = gruvi_stack_guard(&ceiling);

    printf("gruvid %s\n", gruvi_version());
    printf("plugin ABI %d.%d, libuv %s\n", GRUVID_ABI_MAJOR, GRUVID_ABI_MINOR,
           uv_version_string());
    if (ceiling == SIZE_MAX)
        printf("stacks guarded by %s, as many as there is memory for\n", guard);
    else
        printf("stacks guarded by %s, at most %zu\n", guard, ceiling);
    printf("configuration %s\nplugins %s\n", DEFAULT_CONFIG, GRUVID_PLUGINDIR);
    return GRUVID__EXIT_OK;
}

/*
 * The options of a plugin.  The configuration is read for plugin_dir only: an
 * operator who mends its mistakes can look up options all the same.  Without a
 * configuration at the default place, the built-in folder will do.
 */
static int
describe_plugin(const struct gruvid__cli *cli, struct gruvid__modules *modules,
                gruvid__config_t **config)
{
    const char *path = cli->config;
    const struct gruvid__module *module;
    char why[1024];

    if (path == NULL && access(DEFAULT_CONFIG, R_OK) == 0)
        path = DEFAULT_CONFIG;
    if (gruvid__config_load(config, path, cli->overrides, cli->n_overrides) < 0)
        return out_of_memory();
    if (gruvid__plugin_dir(*config) == NULL) {
        gruvid__config_print_mistakes(*config, stderr);
        return GRUVID__EXIT_CONFIG;
    }
    module = gruvid__module_open(modules, gruvid__plugin_dir(*config),
                                 cli->describe, why, sizeof why);
    if (module == NULL) {
        fprintf(stderr, "gruvid: %s\n", why);
        return GRUVID__EXIT_CONFIG;
    }
    gruvid__describe_plugin(stdout, module->name, module->descriptor.version,
                            module->descriptor.summary,
                            module->descriptor.options, module->option_size);
    return GRUVID__EXIT_OK;
}

static GRUVI_SWITCHPOINT int
act(struct gruvid__cli *cli, gruvid__config_t **config,
    struct gruvid__modules *modules)
{
    struct gruvid__source source;
    int status = 0;

    if (cli->run != NULL &&
        (cli->action == GRUVID__RUN || cli->action == GRUVID__TEST))
        status = gruvid__single(cli, modules);
    if (status != 0)
        return status;

    switch (cli->action) {
    case GRUVID__HELP:
        gruvid__cli_help(stdout);
        return GRUVID__EXIT_OK;
    case GRUVID__VERSION:
        return version();
    case GRUVID__DESCRIBE:
        if (cli->describe != NULL)
            return describe_plugin(cli, modules, config);
        gruvid__describe_builtin(stdout);
        return GRUVID__EXIT_OK;
    case GRUVID__TEST:
        status = load(cli, config, modules);
        if (status == GRUVID__EXIT_OK) {
            gruvid__config_print_notes(*config, stderr);
            printf("%s: no mistakes\n",
                   config_path(cli) != NULL ? config_path(cli) : cli->run);
        }
        return status;
    case GRUVID__RUN:
    default:
        status = load(cli, config, modules);
        if (status != GRUVID__EXIT_OK)
            return status;
        source = source_of(cli);
        return gruvid__run(&source, *config, modules,
                           &gruvid__control_attendant, cli->verbose);
    }
}

GRUVI_SWITCHPOINT int
gruvid_main(int argc, char **argv)
{
    struct gruvid__modules modules = {0};
    gruvid__config_t *config = NULL;
    struct gruvid__cli cli;
    int status;

    gruvid__process_open_stdio();
    gruvid__process_unblock_signals();
    gruvid__handlers_remember();
    status = gruvid__cli_parse(&cli, argc, argv);
    if (status == 0 && cli.action == GRUVID__RUN) {
        gruvid__process_hold_signals();
        status = inherit();
    }
    if (status == 0)
        status = act(&cli, &config, &modules);
    gruvid__cli_free(&cli);
    gruvid__config_free(config);
    gruvid__modules_free(&modules);
    /* The output of -h and others may go to a full disk. */
    if (fflush(stdout) != 0) {
        fprintf(stderr, "gruvid: the output cannot be written: %s\n",
                strerror(errno));
        if (status == GRUVID__EXIT_OK)
            status = GRUVID__EXIT_FAILURE;
    }
    return status;
}
