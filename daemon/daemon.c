/* SPDX-License-Identifier: MIT */
/* The daemon from its command line to its exit status: loads the configuration
 * and does what was asked for. */
#include "daemon.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <gruvi.h>

#include "cli.h"
#include "config/config.h"
#include "run/exit_status.h"
#include "module/clash.h"
#include "module/load.h"
#include "os/process.h"
#include "run/run.h"
#include "single.h"

#define DEFAULT_CONFIG GRUVID_CONFDIR "/gruvid.conf"

static const char *
plugin_dir(gruvid__config_t *config)
{
    return gruvid__section_string(gruvid__config_section(config, "gruvid"),
                                  "plugin_dir");
}

static int
out_of_memory(void)
{
    fputs("gruvid: out of memory\n", stderr);
    return GRUVID__EXIT_FAILURE;
}

/* --- checking ------------------------------------------------------------ */

static void
look_for_clash(gruvid__config_t *config, gruvid__section_t *section,
               const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s.so", plugin_dir(config), name) <
            (int)sizeof path &&
        gruvid__clash_seen(path))
        gruvid__section_note(
            section, "module",
            "%s was compiled without -fstack-clash-protection: a function with "
            "more local variables than a guard is large changes the stack of "
            "another fiber; see pkg-config --cflags gruvid, or "
            "fibers.guard_size",
            path);
}

static int
check_plugin(gruvid__config_t *config, struct gruvid__modules *modules,
             gruvid__section_t *section)
{
    const char *name = gruvid__section_module(section);
    const struct gruvid__module *module;
    char why[1024];
    size_t addresses;

    if (name == NULL || plugin_dir(config) == NULL)
        return 0; /* recorded as a mistake already */
    module =
        gruvid__module_open(modules, plugin_dir(config), name, why, sizeof why);
    if (module == NULL) {
        gruvid__section_error(section, "module", "%s", why);
        return 0;
    }
    gruvid__section_list(section, "listen", &addresses);
    if (addresses > 0 && module->descriptor.connection == NULL)
        gruvid__section_error(section, "listen",
                              "plugin %s takes no connections", name);
    else if (addresses == 0 && module->descriptor.connection != NULL)
        gruvid__section_note(section, "listen",
                             "no address: plugin %s serves connections, and "
                             "nobody can connect",
                             name);
    look_for_clash(config, section, name);
    return gruvid__config_check_plugin(
        config, section, module->descriptor.options, module->option_size);
}

/* The file to read; NULL: none.  A plugin named by --run needs none. */
static const char *
config_path(const struct gruvid__cli *cli)
{
    if (cli->config != NULL || cli->run != NULL)
        return cli->config;
    return DEFAULT_CONFIG;
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
    gruvid__section_t *section = NULL;

    if (gruvid__config_load(config, config_path(cli), cli->overrides,
                            cli->n_overrides) < 0)
        return out_of_memory();
    while ((section = gruvid__config_next_plugin(*config, section)))
        if (check_plugin(*config, modules, section) < 0)
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
    if (plugin_dir(*config) == NULL) {
        gruvid__config_print_mistakes(*config, stderr);
        return GRUVID__EXIT_CONFIG;
    }
    module = gruvid__module_open(modules, plugin_dir(*config), cli->describe,
                                 why, sizeof why);
    if (module == NULL) {
        fprintf(stderr, "gruvid: %s\n", why);
        return GRUVID__EXIT_CONFIG;
    }
    gruvid__describe_plugin(stdout, module->name, module->descriptor.version,
                            module->descriptor.summary,
                            module->descriptor.options, module->option_size);
    return GRUVID__EXIT_OK;
}

static int
act(struct gruvid__cli *cli, gruvid__config_t **config,
    struct gruvid__modules *modules)
{
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
        return gruvid__run(*config, modules, cli->verbose);
    }
}

int
gruvid_main(int argc, char **argv)
{
    struct gruvid__modules modules = {NULL};
    gruvid__config_t *config = NULL;
    struct gruvid__cli cli;
    int status;

    gruvid__process_open_stdio();
    gruvid__process_unblock_signals();
    status = gruvid__cli_parse(&cli, argc, argv);
    if (status == 0)
        status = act(&cli, &config, &modules);
    gruvid__cli_free(&cli);
    gruvid__config_free(config);
    gruvid__modules_free(&modules);
    /* The output of -h and others may go to a full disk. */
    if (fflush(stdout) != 0 && status == GRUVID__EXIT_OK)
        status = GRUVID__EXIT_FAILURE;
    return status;
}
