/* SPDX-License-Identifier: MIT */
/*
 * One plugin, named on the command line by its file.  It becomes what -o would
 * say of it, so that everything else is the same as with a configuration:
 *
 *     gruvid --run ./hello.so tcp://127.0.0.1:7008
 *
 *     [gruvid]
 *     plugin_dir = /the/folder/of
 *     [plugin hello]
 *     module = hello
 *     listen = tcp://127.0.0.1:7008
 */
#include "single.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/exit_status.h"

/* Where a plugin listens that was given no address: the log says the port. */
#define ANY_PORT "tcp://127.0.0.1:0"

#define SUFFIX ".so"

static int
refuse(const char *file, const char *why)
{
    fprintf(stderr, "gruvid: --run %s: %s\n", file, why);
    return GRUVID__EXIT_CONFIG;
}

/* The value of an option, quoted as in a file: it may hold any character. */
static char *
quoted(const char *text)
{
    char *result = malloc(2 * strlen(text) + 3), *end = result;

    if (result == NULL)
        return NULL;
    *end++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            *end++ = '\\';
        *end++ = *text;
    }
    *end++ = '"';
    *end = '\0';
    return result;
}

/* Add "--run SECTION.KEY=VALUE", so that messages do not speak of -o; false:
 * out of memory. */
static bool
add(struct gruvid__cli *cli, const char *section, const char *key,
    const char *value)
{
    char *quote = quoted(value), *text = NULL;

    if (quote != NULL &&
        asprintf(&text, "--run %s.%s=%s", section, key, quote) < 0)
        text = NULL;
    free(quote);
    if (text != NULL)
        cli->overrides[cli->n_made++] = text;
    return text != NULL;
}

/* The -o options go behind what is to be made. */
static bool
make_room(struct gruvid__cli *cli, size_t more)
{
    size_t n = cli->n_overrides;
    const char **all = calloc(n + more, sizeof *all);

    if (all == NULL)
        return false;
    memcpy(all + more, cli->overrides, n * sizeof *all);
    free(cli->overrides);
    cli->overrides = all;
    cli->n_overrides = n + more;
    return true;
}

static bool
add_all(struct gruvid__cli *cli, const char *dir, const char *name,
        bool connects)
{
    bool any = connects && cli->n_addresses == 0;
    char section[64];

    snprintf(section, sizeof section, "plugin %s", name);
    if (!make_room(cli, 2 + cli->n_addresses + any) ||
        !add(cli, "gruvid", "plugin_dir", dir) ||
        !add(cli, section, "module", name))
        return false;
    for (size_t i = 0; i < cli->n_addresses; i++)
        if (!add(cli, section, "listen", cli->addresses[i]))
            return false;
    return !any || add(cli, section, "listen", ANY_PORT);
}

/* Cut a path into its folder and the name of its module; NULL: not a module's.
 */
static char *
cut(char *path)
{
    char *name = strrchr(path, '/'), *end;

    if (name == NULL)
        return NULL;
    *name++ = '\0';
    end = name + strlen(name) - strlen(SUFFIX);
    if (end <= name || strcmp(end, SUFFIX) != 0)
        return NULL;
    *end = '\0';
    return name;
}

static int
use(struct gruvid__cli *cli, struct gruvid__modules *modules, char *path)
{
    const char *name = cut(path), *dir = *path != '\0' ? path : "/";
    const struct gruvid__module *module;
    char why[1024];

    if (name == NULL)
        return refuse(cli->run, "the file of a plugin is called NAME.so");
    module = gruvid__module_open(modules, dir, name, why, sizeof why);
    if (module == NULL)
        return refuse(cli->run, why);
    if (cli->n_addresses > 0 && module->descriptor.connection == NULL)
        return refuse(cli->run, "it takes no connections, so it has no use for "
                                "an address");
    if (add_all(cli, dir, name, module->descriptor.connection != NULL))
        return 0;
    fputs("gruvid: out of memory\n", stderr);
    return GRUVID__EXIT_FAILURE;
}

/* The path with no link in its folder, and the link itself in the file's name:
 * the name is the module's. */
int
gruvid__single(struct gruvid__cli *cli, struct gruvid__modules *modules)
{
    char *copy = strdup(cli->run), *slash, *dir = NULL, *path = NULL;
    int status = GRUVID__EXIT_FAILURE;

    if (copy != NULL) {
        slash = strrchr(copy, '/');
        if (slash != NULL)
            *slash = '\0';
        dir = realpath(slash == NULL ? "." : *copy != '\0' ? copy : "/", NULL);
        if (dir == NULL)
            status = refuse(cli->run, strerror(errno));
        else if (asprintf(&path, "%s/%s", strcmp(dir, "/") != 0 ? dir : "",
                          slash != NULL ? slash + 1 : copy) >= 0)
            status = use(cli, modules, path);
        free(path);
    }
    free(dir);
    free(copy);
    return status;
}
