/* SPDX-License-Identifier: MIT */
/*
 * The command line.  Each option is one line of the table: what getopt_long()
 * gets and what -h prints are made from it.
 */
#include "cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "os/notify.h"
#include "os/owner.h"
#include "run/exit_status.h"

/* What getopt_long() returns for options without a letter. */
enum { DESCRIBE = 256, RUN, TRUST_FILES, READY_FD };

static const struct {
    int code; /* the letter, or one of these */
    const char *name, *argument, *help;
} table[] = {
    {'c', "config", "FILE", "read FILE in place of the default one"},
    {'t', "test", NULL, "check the configuration and its plugins, and exit"},
    {'o', "option", "SECTION.KEY=VALUE", "override the configuration"},
    {'v', "verbose", NULL, "log everything, as with log.level=debug"},
    {RUN, "run", "FILE [ADDRESS]...", "serve a plugin without a configuration"},
    {TRUST_FILES, "trust-files", NULL,
     "as root, do not look at the owners of files"},
    {READY_FD, "ready-fd", "N", "write a newline there when gruvid is ready"},
    {DESCRIBE, "describe", "[PLUGIN]",
     "print the options of gruvid or a plugin"},
    {'V', "version", NULL, "print the version and what this build is made of"},
    {'h', "help", NULL, "print this"},
};

#define N_OPTIONS (sizeof table / sizeof table[0])

static bool
has_letter(size_t i)
{
    return table[i].code < DESCRIBE;
}

void
gruvid__cli_help(FILE *out)
{
    fputs("usage: gruvid [-c FILE] [-t] [-o SECTION.KEY=VALUE]... [-v]\n"
          "              [--trust-files] [--ready-fd N] [--run FILE "
          "[ADDRESS]...]\n"
          "       gruvid --describe [PLUGIN] | -V | -h\n\n",
          out);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char left[40];

        snprintf(left, sizeof left, "%s%c%s--%s%s%s", has_letter(i) ? "-" : " ",
                 has_letter(i) ? table[i].code : ' ',
                 has_letter(i) ? ", " : "  ", table[i].name,
                 table[i].argument ? " " : "",
                 table[i].argument ? table[i].argument : "");
        fprintf(out, "  %-32s %s\n", left, table[i].help);
    }
    fputs("\nexample: gruvid -c gruvid.conf -o 'plugin echo.listen="
          "tcp://127.0.0.1:7008'\n"
          "         gruvid --run ./hello.so tcp://127.0.0.1:7008\n"
          "default: " GRUVID_CONFDIR "/gruvid.conf\n"
          "manual:  gruvid(8), gruvid.conf(5), gruvid-plugin(7)\n",
          out);
}

static int
usage(const char *what, const char *argument)
{
    fprintf(stderr, "gruvid: %s '%s'; try gruvid -h\n", what, argument);
    return GRUVID__EXIT_USAGE;
}

static void
fill(struct option longs[N_OPTIONS + 1], char shorts[2 * N_OPTIONS + 3])
{
    *shorts++ = ':'; /* so that a missing argument gets a code of its own */
    for (size_t i = 0; i < N_OPTIONS; i++) {
        bool optional = table[i].code == DESCRIBE;

        longs[i] = (struct option){
            .name = table[i].name,
            .has_arg = optional            ? optional_argument
                       : table[i].argument ? required_argument
                                           : no_argument,
            .val = table[i].code,
        };
        if (!has_letter(i))
            continue;
        *shorts++ = (char)table[i].code;
        if (table[i].argument != NULL)
            *shorts++ = ':';
    }
    *shorts = '\0';
    longs[N_OPTIONS] = (struct option){0};
}

/* getopt_long() does not say which argument was unknown. */
static int
unknown(char **argv)
{
    char letter[] = {'-', (char)optopt, '\0'};

    if (optopt != 0 && optopt < DESCRIBE && strchr("thvV", optopt) == NULL)
        return usage("unknown option", letter);
    return usage("unknown option", argv[optind - 1]);
}

static int
take(struct gruvid__cli *cli, int option, char **argv)
{
    char why[200];

    switch (option) {
    case 'c':
        cli->config = optarg;
        return 0;
    case 't':
        cli->action = GRUVID__TEST;
        return 0;
    case 'o':
        if (!gruvid__is_override_sound(optarg)) {
            /* Not quoted: it may be a secret. */
            fputs("gruvid: an argument of -o is not of the form "
                  "section.key=value; try gruvid -h\n",
                  stderr);
            return GRUVID__EXIT_USAGE;
        }
        cli->overrides[cli->n_overrides++] = optarg;
        return 0;
    case 'v':
        cli->verbose = true;
        return 0;
    case RUN:
        if (cli->run != NULL)
            return usage("--run was given already: one plugin only, not also",
                         optarg);
        cli->run = optarg;
        return 0;
    case TRUST_FILES:
        gruvid__owner_trust();
        return 0;
    case READY_FD:
        if (gruvid__notify_set_fd(optarg, why, sizeof why))
            return 0;
        fprintf(stderr, "gruvid: %s; try gruvid -h\n", why);
        return GRUVID__EXIT_USAGE;
    case DESCRIBE:
        cli->action = GRUVID__DESCRIBE;
        cli->describe = optarg;
        return 0;
    case 'V':
        cli->action = GRUVID__VERSION;
        return 0;
    case 'h':
        cli->action = GRUVID__HELP;
        return 0;
    case ':':
        return usage("no argument to", argv[optind - 1]);
    default:
        return unknown(argv);
    }
}

int
gruvid__cli_parse(struct gruvid__cli *cli, int argc, char **argv)
{
    struct option longs[N_OPTIONS + 1];
    char shorts[2 * N_OPTIONS + 3];
    int option;

    *cli = (struct gruvid__cli){.action = GRUVID__RUN};
    cli->overrides = calloc((size_t)argc + 1, sizeof *cli->overrides);
    if (cli->overrides == NULL) {
        fputs("gruvid: out of memory\n", stderr);
        return GRUVID__EXIT_FAILURE;
    }
    fill(longs, shorts);
    optind = 0; /* from the start, even if it was used before */
    opterr = 0;
    while ((option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        int status = take(cli, option, argv);
        if (status != 0)
            return status;
    }
    if (cli->action == GRUVID__DESCRIBE && cli->describe == NULL &&
        optind < argc)
        cli->describe = argv[optind++];
    if (cli->run != NULL) {
        cli->addresses = argv + optind;
        cli->n_addresses = (size_t)(argc - optind);
    } else if (optind < argc) {
        return usage("unexpected argument", argv[optind]);
    }
    return 0;
}

void
gruvid__cli_free(struct gruvid__cli *cli)
{
    for (size_t i = 0; i < cli->n_made; i++)
        free((char *)cli->overrides[i]);
    free(cli->overrides);
    cli->overrides = NULL;
}
