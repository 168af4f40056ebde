/* SPDX-License-Identifier: MIT */
/*
 * "run" serves a plugin while a command runs, for tests; "watch" until Ctrl-C,
 * and has gruvid take each edit.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gruvid-plugin/child.h"
#include "gruvid-plugin/plugin_tool.h"
#include "gruvid-plugin/serve.h"
#include "gruvid-plugin/sources.h"

/* Seconds between two looks, and so how long the files have to be as they are:
 * several saves at once are one edit. */
#define LOOK 0.15

#define DEFAULT_CONFIG "gruvid.conf"

struct request {
    const char *config, *file, *make;
    char **command;
};

/* Options come before the file. */
static bool
parse(struct request *request, int argc, char **argv, bool has_make)
{
    int i = 1;

    *request = (struct request){.config = DEFAULT_CONFIG, .make = "make"};
    for (; i < argc && argv[i][0] == '-'; i++)
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            request->config = argv[++i];
        else if (has_make && strcmp(argv[i], "--make") == 0 && i + 1 < argc)
            request->make = argv[++i];
        else
            return false;
    if (i == argc)
        return false;
    request->file = argv[i];
    request->command = argv + i + 1;
    return true;
}

/* --- run ------------------------------------------------------------------ */

static void
set_environment(const struct served *served)
{
    const struct endpoint *endpoint =
        endpoints_main(&served->endpoints, served->name);
    char port[16];

    setenv("GRUVID_CONTROL", served->control, 1);
    unsetenv("HOST");
    unsetenv("PORT");
    if (endpoint == NULL)
        return;
    snprintf(port, sizeof port, "%d", endpoint->port);
    setenv("HOST", endpoint->host, 1);
    setenv("PORT", port, 1);
}

/* Returns the status of the command. */
static int
run_command(struct served *served, char **command)
{
    const struct child_plan plan = {.argv = command, .output = -1};
    pid_t pid;
    int status;

    set_environment(served);
    pid = child_begin(&plan);
    status = pid > 0 ? child_wait(pid) : FAILED;
    if (served_is_gone(served) && status == 0)
        status = FAILED;
    return status;
}

enum status
run_main(int argc, char **argv)
{
    struct request request;
    struct served served;
    int status = FAILED;

    if (!parse(&request, argc, argv, false) || *request.command == NULL)
        return USAGE;
    child_hold_signals();
    if (served_prepare(&served, request.config, request.file, true)) {
        served.quiet = true;
        if (served_install(&served) && served_begin(&served))
            status = run_command(&served, request.command);
        if (status != 0) {
            served_stop(&served); /* then its log is whole */
            served_print_log(&served);
        }
    }
    served_end(&served);
    return status == 0 ? DONE : FAILED;
}

/* --- watch ---------------------------------------------------------------- */

static void
say_how_to_talk(const struct served *served)
{
    for (int i = 0; i < served->endpoints.n; i++) {
        const struct endpoint *at = &served->endpoints.items[i];
        bool v6 = strchr(at->host, ':') != NULL;

        if (at->fd < 0)
            printf("it listens at %s\n", at->value);
        else if (at->wanted != at->port && at->wanted != 0)
            printf("port %d is taken: %d in its place\n", at->wanted, at->port);
        if (at->fd < 0)
            continue;
        if (strncmp(at->value, "tls", 3) == 0)
            printf("    openssl s_client -quiet -connect %s%s%s:%d\n",
                   v6 ? "[" : "", at->host, v6 ? "]" : "", at->port);
        else if (strcmp(at->section, "plugin http") == 0)
            printf("    curl 'http://%s%s%s:%d/'\n", v6 ? "[" : "", at->host,
                   v6 ? "]" : "", at->port);
        else
            printf("    printf 'hello\\n' | nc -q1 %s %d\n", at->host,
                   at->port);
    }
    printf("    gruvictl -s %s plugins\n", served->control);
    puts("Save an edit, and it is taken.  Ctrl-C ends it.");
    fflush(stdout);
}

static bool
build(const struct request *request, bool all)
{
    const char *file = request->file;
    char *argv[] = {(char *)request->make, (char *)"-s",
                    (char *)(strncmp(file, "./", 2) == 0 ? file + 2 : file),
                    (char *)(all ? "-B" : NULL), NULL};
    const struct child_plan plan = {.argv = argv, .output = -1};
    pid_t pid = child_begin(&plan);

    return pid > 0 && child_wait(pid) == 0;
}

/* Take what was built, by a reload or by a new gruvid. */
static void
take(struct served *served)
{
    if (served_has_news(served) && !served_install(served))
        return;
    if (served->pid > 0 ? served_reload(served) : served_begin(served))
        printf("%s: the edit is taken\n", served->name);
    else if (!child_signal(0))
        complain("%s: the edit is not taken%s", served->name,
                 served->pid > 0 ? ": what ran before goes on" : "");
    fflush(stdout);
}

/* Until this program is to end. */
static void
watch(struct served *served, const struct request *request, uint64_t taken)
{
    uint64_t seen = taken, now;
    bool again = false; /* there was an edit while it was built */

    while (!child_signal(LOOK)) {
        if (served_is_gone(served)) /* its sockets are still here */
            complain("the next edit starts it again; who connects waits");
        now = sources_digest();
        if (now == taken || now != seen) {
            seen = now;
            continue;
        }
        printf("%s: an edit; building\n", served->name);
        fflush(stdout);
        /* make compares times, and the plugin may be newer than an edit that
         * was made while it was built. */
        if (build(request, again))
            take(served);
        else if (!child_signal(0))
            complain("%s does not build: what ran before goes on",
                     request->file);
        again = sources_digest() != now;
        taken = now;
    }
}

enum status
watch_main(int argc, char **argv)
{
    struct request request;
    struct served served;
    enum status status = FAILED;
    uint64_t digest;

    if (!parse(&request, argc, argv, true) || *request.command != NULL)
        return USAGE;
    child_hold_signals();
    if (served_prepare(&served, request.config, request.file, false)) {
        digest = sources_digest();
        if (build(&request, false) && served_install(&served) &&
            served_begin(&served)) {
            say_how_to_talk(&served);
            watch(&served, &request, digest);
            status = DONE;
        }
    }
    served_end(&served);
    return status;
}
