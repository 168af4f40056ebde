/* SPDX-License-Identifier: MIT */
/* The command line of gruvid-test. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <getopt.h>

#include <gruvi/version.h>

#include "gruvid-test/host.h"
#include "gruvid-test/script.h"
#include "gruvid-test/steps.h"

/* What it exits with. */
enum { PASSED = 0, FAILED = 1, USAGE = 2 };

static const char usage[] =
    "usage: gruvid-test [option ...] PLUGIN.so SCRIPT\n"
    "\n"
    "  -o SECTION.KEY=VALUE  an option of gruvid; KEY=VALUE: of the plugin\n"
    "  --explore N           run with the seeds 1 to N\n"
    "  --seed S              run with one seed\n"
    "  --sweep               run once for each thing that may fail\n"
    "  --sweep=KIND          the same for alloc, own, reset, nobufs, fd, late\n"
    "                        or cancel alone\n"
    "  --sweep=KIND:NUMBER   repeat one of these runs\n"
    "                        (one of --explore, --seed and --sweep)\n"
    "  --real-time           time is not virtual\n"
    "  --limit SECONDS       of real time for a run; 30\n"
    "  -v                    show the log\n"
    "  -h, --help            this\n"
    "  --version             the version\n";

enum { EXPLORE = 256, SEED, SWEEP, REAL_TIME, LIMIT, SHOW_VERSION };

static const struct option options[] = {
    {"explore", required_argument, NULL, EXPLORE},
    {"seed", required_argument, NULL, SEED},
    {"sweep", optional_argument, NULL, SWEEP},
    {"real-time", no_argument, NULL, REAL_TIME},
    {"limit", required_argument, NULL, LIMIT},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, SHOW_VERSION},
    {0},
};

/* What is asked for. */
static const char **settings; /* of -o */
static struct plan asked = {.play = play,
                            .played = played,
                            .player = "script",
                            .seed_option = "--seed ",
                            .sweep_option = "--sweep=",
                            .limit = 30};
static uint64_t seeds;
static bool sweeps;

static int
mistake(const char *what, const char *value)
{
    fprintf(stderr, "gruvid-test: %s: %s\n%s", value, what, usage);
    return USAGE;
}

/* At least 1. */
static bool
read_count(const char *text, uint64_t *number)
{
    return read_number(text, number) && *number > 0;
}

/* NULL: all kinds. */
static bool
read_sweep(const char *text)
{
    sweeps = true;
    return text == NULL || read_fault(&asked, text);
}

static bool
read_limit(const char *text)
{
    char *end;

    asked.limit = strtod(text, &end);
    return end != text && *end == '\0' && asked.limit > 0 && asked.limit < 1e6;
}

/* -1: go on; else exit with it. */
static int
take_option(int option, const char *value)
{
    switch (option) {
    case 'o':
        settings[asked.n_options++] = value;
        return strchr(value, '=') != NULL
                   ? -1
                   : mistake("an option is SECTION.KEY=VALUE", value);
    case EXPLORE:
        return read_count(value, &seeds) ? -1 : mistake("no number", value);
    case SEED:
        return read_count(value, &asked.seed) ? -1
                                              : mistake("no number", value);
    case SWEEP:
        return read_sweep(value) ? -1
                                 : mistake("not KIND or KIND:NUMBER", value);
    case REAL_TIME:
        asked.real_time = true;
        return -1;
    case LIMIT:
        return read_limit(value) ? -1 : mistake("no seconds", value);
    case 'v':
        asked.verbose = true;
        return -1;
    case 'h':
        fputs(usage, stdout);
        return PASSED;
    case SHOW_VERSION:
        printf("gruvid-test %s\n", gruvi_version());
        return PASSED;
    default:
        fputs(usage, stderr);
        return USAGE;
    }
}

/* Both of these were counted as another kind. */
static bool
is_told(enum fault fault, enum fault only)
{
    return only == NO_FAULT ? fault != OWN && fault != BUFFERS : fault == only;
}

static bool
sweep_all(void)
{
    enum fault only = asked.fault;
    uint64_t counts[N_FAULTS];
    const char *comma = "";
    unsigned wrong;
    bool ok = sweep(&asked, counts, &wrong);

    if (!ok && wrong == 0) /* the run without faults */
        return false;
    for (enum fault fault = NO_FAULT + 1; fault < N_FAULTS; fault++)
        if (is_told(fault, only)) {
            printf("%s%" PRIu64 " %s", comma, counts[fault], fault_name(fault));
            comma = ", ";
        }
    printf(ok ? " swept: no fault\n" : " to sweep: %u are wrong\n", wrong);
    return ok;
}

/* A run without the fault that was asked for tests something else.  In real
 * time no two runs are alike. */
static bool
repeat_fault(void)
{
    bool ok = try_once(&asked);

    if (!ok || shared->struck || asked.real_time)
        return ok;
    fprintf(stderr, "gruvid-test: the run has only %" PRIu64 " %s\n",
            shared->counts[asked.fault], fault_name(asked.fault));
    return false;
}

static bool
try_all(void)
{
    bool ok;

    if (sweeps)
        return asked.at == 0 ? sweep_all() : repeat_fault();
    if (seeds == 0)
        return try_once(&asked);
    ok = try_seeds(&asked, seeds);
    if (ok)
        printf("%" PRIu64 " seeds: no fault\n", seeds);
    return ok;
}

static int
do_all(const char *plugin, const char *path)
{
    struct script *script;
    int status;

    if (!plan_plugin(&asked, plugin))
        return mistake("the file of a plugin is called NAME.so", plugin);
    script = script_read(path);
    if (script == NULL)
        return USAGE;
    play_script(script);
    asked.out = stderr;
    status = try_all() ? PASSED : FAILED;
    script_free(script);
    free(asked.dir);
    free(asked.name);
    return status;
}

/* Of --explore, --seed and --sweep there is one. */
static bool
asks_for_two(void)
{
    return (seeds != 0) + (asked.seed != 0) + sweeps > 1;
}

int
main(int argc, char **argv)
{
    int option, status = -1;

    settings = calloc((size_t)argc, sizeof *settings);
    if (settings == NULL)
        return FAILED;
    asked.options = settings;
    while (status < 0 &&
           (option = getopt_long(argc, argv, "o:vh", options, NULL)) >= 0)
        status = take_option(option, optarg);
    if (status < 0 && (argc - optind != 2 || asks_for_two()))
        status = take_option('?', NULL);
    if (status < 0)
        status = do_all(argv[optind], argv[optind + 1]);
    free(settings);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "gruvid-test: the output cannot be written: %s\n",
                strerror(errno));
        if (status == PASSED)
            status = FAILED;
    }
    return status;
}
