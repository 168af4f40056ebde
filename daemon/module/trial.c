/* SPDX-License-Identifier: MIT */
/*
 * dlopen() runs code of the module: constructors, and in C++ whatever makes its
 * static objects.  If that crashes, throws, exits or never ends, a gruvid that
 * serves would go down for a mistake of somebody who has asked for a reload.
 *
 * So a module that is new to a gruvid that runs is first opened by a child, the
 * program itself with --describe.  What is learned from it is only bad news: a
 * child that cannot be begun here, that is killed, or that fails for reasons of
 * its own says nothing, and the module is opened as if there had been none.
 */
#include "module/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "module/opening.h"

#define MOST_OUTPUT                                                            \
    4096 /* bytes that are looked at; what follows is dropped                  \
          */

extern char **environ;

struct trial {
    pid_t pid;
    int fd; /* what it writes */
    char output[MOST_OUTPUT];
    size_t length;
    double deadline; /* by CLOCK_MONOTONIC */
    bool late;
};

static double
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the child ------------------------------------------------------------ */

static int
spawn(struct trial *trial, const char *program, char *const argv[], int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    err =
        posix_spawn(&trial->pid, program, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

/* The option for a folder, in quotes: its path may have blanks and all else. */
static char *
make_option(const char *dir)
{
    static const char key[] = "gruvid.plugin_dir=";
    char *option = malloc(sizeof key + 2 * strlen(dir) + 2), *to;

    if (option == NULL)
        return NULL;
    to = stpcpy(option, key);
    *to++ = '"';
    for (; *dir != '\0'; dir++) {
        if (*dir == '"' || *dir == '\\')
            *to++ = '\\';
        *to++ = *dir;
    }
    strcpy(to, "\"");
    return option;
}

static bool
begin(struct trial *trial, const char *program, const char *dir,
      const char *name)
{
    char *option = make_option(dir);
    int fds[2] = {-1, -1}, err = -1;

    if (option == NULL)
        return false;
    if (pipe2(fds, O_CLOEXEC) == 0) {
        char *const argv[] = {
            "gruvid", "--trust-files", "-c",         "/dev/null", "-o",
            option,   "--describe",    (char *)name, NULL};

        err = spawn(trial, program, argv, fds[1]);
        close(fds[1]);
    }
    free(option);
    trial->fd = fds[0];
    return err == 0;
}

/* Wait until it has something to say; false: the time is over. */
static bool
wait_for_output(struct trial *trial)
{
    struct pollfd pfd = {.fd = trial->fd, .events = POLLIN};
    double rest;
    int n = 0;

    while ((rest = trial->deadline - now()) > 0) {
        n = poll(&pfd, 1, (int)(rest * 1000) + 1);
        if (n >= 0 || errno != EINTR)
            break;
        n = 0;
    }
    return n != 0;
}

/* The end of its output is its own end, or that of the last process that it has
 * begun. */
static void
read_output(struct trial *trial)
{
    for (;;) {
        char rest[512];
        size_t room = sizeof trial->output - 1 - trial->length;
        ssize_t n;

        if (!wait_for_output(trial)) {
            trial->late = true;
            return;
        }
        n = read(trial->fd, room > 0 ? trial->output + trial->length : rest,
                 room > 0 ? room : sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        if (room > 0)
            trial->length += (size_t)n;
    }
}

/* Nanoseconds between two looks, the first and the last. */
#define FIRST_LOOK 1000000
#define LAST_LOOK  50000000

/* Returns false where another part of the process has taken its status.  Code
 * that has closed its output may go on, and has what is left of the time. */
static bool
end(struct trial *trial, int *status)
{
    struct timespec look = {.tv_nsec = FIRST_LOOK};
    pid_t pid;

    for (;;) {
        if (trial->late)
            kill(trial->pid, SIGKILL);
        pid = waitpid(trial->pid, status, trial->late ? 0 : WNOHANG);
        if (pid > 0 || (pid < 0 && errno != EINTR))
            return pid == trial->pid;
        nanosleep(&look, NULL);
        if (look.tv_nsec < LAST_LOOK)
            look.tv_nsec *= 2;
        trial->late = trial->late || now() >= trial->deadline;
    }
}

/* --- what it has said ----------------------------------------------------- */

/* The first lines of the module's own, in one; after them a semicolon. */
static void
quote(const struct trial *trial, char *text, size_t size)
{
    size_t n = 0;

    for (const char *at = trial->output; *at != '\0' && n + 3 < size;) {
        size_t length = strcspn(at, "\n");

        if (length > 0 && strncmp(at, "gruvid: ", 8) != 0)
            n +=
                (size_t)snprintf(text + n, size - n, "%.*s; ", (int)length, at);
        at += length + (at[length] != '\0');
    }
    text[n < size ? n : size - 1] = '\0';
}

/* It ends well only behind a description of the plugin. */
static bool
has_exited(const struct trial *trial, const char *name, int status)
{
    char expected[60];

    snprintf(expected, sizeof expected, "[plugin %s]", name);
    return strstr(trial->output, GRUVID__OPENING_EXITS) != NULL ||
           (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
            trial->length < sizeof trial->output - 1 &&
            strstr(trial->output, expected) == NULL);
}

static bool
has_crashed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) != SIGSYS &&
           WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
}

/* Returns whether it is good; else why is set. */
static bool
judge(const struct trial *trial, const char *name, int status, double seconds,
      char *why, size_t why_size)
{
    char said[300] = "";

    if (trial->late)
        snprintf(why, why_size,
                 "code that runs when it is loaded takes more than %g seconds",
                 seconds);
    else if (has_exited(trial, name, status))
        snprintf(why, why_size,
                 "code that runs when it is loaded ends the process");
    else if (has_crashed(status)) {
        quote(trial, said, sizeof said);
        snprintf(why, why_size,
                 "code that runs when it is loaded crashes: %s%s", said,
                 strsignal(WTERMSIG(status)));
    } else
        return true;
    return false;
}

int
gruvid__trial(const char *program, const char *dir, const char *name,
              double seconds, char *why, size_t why_size)
{
    struct trial trial = {.fd = -1, .deadline = now() + seconds};
    int status = 0, err = 0;

    if (program == NULL)
        return 0;
    if (begin(&trial, program, dir, name)) {
        read_output(&trial);
        if ((end(&trial, &status) || trial.late) &&
            !judge(&trial, name, status, seconds, why, why_size))
            err = UV_EINVAL;
    }
    if (trial.fd >= 0)
        close(trial.fd);
    return err;
}
