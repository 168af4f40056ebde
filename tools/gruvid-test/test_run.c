/* SPDX-License-Identifier: MIT */
/*
 * libgruvid-test: gruvid_test_run(), in the process of the test program.
 *
 * The calls of gruvi and gruvid, malloc() and the others of the host have to be
 * those of this library, for the plugin as well.  So it stands in front of
 * libgruvi, and of libc; gruvid_test_run() looks.
 *
 * Each run is a child.  In the parent there is nothing of gruvi's but this
 * file, run.c and trials.c.
 */
#include "gruvid-test/test.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "gruvid-test/host.h"

static gruvid_test_fn test_fn;
static void *test_arg;

static GRUVI_SWITCHPOINT void
play_test(void)
{
    begin_test();
    test_fn(test_arg);
}

/* Leaves *number where the variable is not set; else it is at least least. */
static bool
take_number(struct plan *what, const char *variable, uint64_t least,
            uint64_t *number)
{
    const char *text = getenv(variable);

    if (text == NULL || (read_number(text, number) && *number >= least))
        return true;
    fprintf(what->out, "%s=%s: no number\n", variable, text);
    return false;
}

/* What the environment asks for comes first. */
static bool
do_runs(struct plan *what, const gruvid_test_options_t *options)
{
    const char *fault = getenv("GRUVID_TEST_SWEEP");
    uint64_t explore = options->explore;
    uint64_t counts[N_FAULTS];
    unsigned wrong;

    if (!take_number(what, "GRUVID_TEST_EXPLORE", 0, &explore) ||
        !take_number(what, "GRUVID_TEST_SEED", 1, &what->seed))
        return false;
    if (fault != NULL && !read_fault(what, fault)) {
        fprintf(what->out, "GRUVID_TEST_SWEEP=%s: no such fault\n", fault);
        return false;
    }
    if (what->seed != 0 || what->at != 0)
        return try_once(what);
    if (what->fault != NO_FAULT)
        return sweep(what, counts, &wrong);
    if (!(options->sweep ? sweep(what, counts, &wrong) : try_once(what)))
        return false;
    return try_seeds(what, explore);
}

/* Whether calls of gruvi are those of this library. */
static bool
is_in_front(void)
{
    const void *call = dlsym(RTLD_DEFAULT, "gruvi_spawn");
    Dl_info own, other;

    return call != NULL && dladdr(call, &other) != 0 &&
           dladdr(&test_fn, &own) != 0 && own.dli_fbase == other.dli_fbase;
}

/* NULL, or why there can be no run. */
static const char *
check(const gruvid_test_options_t *options, gruvid_test_fn fn)
{
    if (options == NULL || options->plugin == NULL || fn == NULL)
        return "a run has options, a plugin and a function";
    for (size_t i = 0; i < sizeof options->reserved / sizeof(void *); i++)
        if (options->reserved[i] != NULL)
            return "reserved members of the options are in use";
    if (is_playing())
        return "gruvid_test_run() inside of a run";
    if (gruvi__self.hub != NULL)
        return "this thread has a hub, which a run cannot have, too";
    if (!is_in_front())
        return "libgruvi stands in front of libgruvid-test: link the program "
               "with what pkg-config says of gruvid-test, first";
    return NULL;
}

/* The plugin, which names libgruvi and libgruvid, finds those that were
 * installed together with this library. */
static void
open_libraries(void)
{
    static const char *const names[] = {"libgruvi.so.0", "libgruvid.so.0"};
    char path[4200];
    Dl_info own;

    for (size_t i = 0; i < 2; i++) {
        const char *slash =
            dladdr(&test_fn, &own) == 0 ? NULL : strrchr(own.dli_fname, '/');

        if (slash == NULL)
            return;
        snprintf(path, sizeof path, "%.*s/../%s", (int)(slash - own.dli_fname),
                 own.dli_fname, names[i]);
        dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    }
}

/* What ck_assert_msg() can print, and libcheck can pass on. */
#define MOST_TEXT 7000

static void
cut_text(char *to, const char *from, size_t size)
{
    static const char rest[] = "\n... and more";
    size_t n = size < MOST_TEXT ? size : MOST_TEXT - sizeof rest;

    while (n > 0 && size >= MOST_TEXT &&
           ((unsigned char)from[n] & 0xc0) == 0x80)
        n--; /* of a character */
    memcpy(to, from, n);
    to[n] = '\0';
    if (size >= MOST_TEXT)
        strcat(to, rest);
    else if (n > 0 && to[n - 1] == '\n')
        to[n - 1] = '\0';
}

static const char *
run_all(struct plan *what, const gruvid_test_options_t *options)
{
    static char said[MOST_TEXT + 1];
    char *text = NULL;
    size_t size = 0;
    bool ok = false;

    what->out = open_memstream(&text, &size);
    if (what->out == NULL)
        return "out of memory";
    if (plan_plugin(what, options->plugin))
        ok = do_runs(what, options);
    else
        fprintf(what->out, "%s: the file of a plugin is called NAME.so\n",
                options->plugin);
    free(what->dir);
    free(what->name);
    if (fclose(what->out) != 0)
        return "out of memory";
    if (!ok)
        cut_text(said, text, size);
    free(text);
    return ok ? NULL : said;
}

const char *
gruvid_test_run(const gruvid_test_options_t *options, gruvid_test_fn fn,
                void *arg)
{
    const char *wrong = check(options, fn);
    struct plan what;

    if (wrong != NULL)
        return wrong;
    test_fn = fn;
    test_arg = arg;
    open_libraries();
    what = (struct plan){
        .play = play_test,
        .played = end_test,
        .player = "test",
        .seed_option = "GRUVID_TEST_SEED=",
        .sweep_option = "GRUVID_TEST_SWEEP=",
        .options = options->settings,
        .n_options = options->n_settings,
        .limit = options->limit > 0 ? options->limit : 30,
        .real_time = options->real_time,
        .verbose = options->verbose || getenv("GRUVID_TEST_VERBOSE") != NULL,
    };
    return run_all(&what, options);
}
