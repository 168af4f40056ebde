/* SPDX-License-Identifier: MIT */
#include "daemon/run_gruvictl.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct said said;

void
become_gruvictl(const char *path, const char *const *args)
{
    const char *dir = getenv("top_builddir"), *argv[16];
    char program[512];
    size_t n = 0;

    snprintf(program, sizeof program, "%s/tools/gruvictl/gruvictl",
             dir == NULL ? "." : dir);
    argv[n++] = program;
    if (path != NULL) {
        argv[n++] = "-s";
        argv[n++] = path;
    }
    while (*args != NULL)
        argv[n++] = *args++;
    argv[n] = NULL;
    execv(program, (char *const *)argv);
    _exit(127);
}

/* Read until the other side is closed; a terminal says EIO then. */
static void
read_all(int fd, char *buf, size_t size)
{
    size_t length = 0;
    ssize_t n;

    while ((n = read(fd, buf + length, size - 1 - length)) > 0) {
        length += (size_t)n;
        ck_assert_uint_lt(length, size - 1);
    }
    buf[length] = '\0';
    close(fd);
}

static int
end_of(pid_t pid)
{
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
run_with(int fd, const char *file, const char *path, const char *const *args)
{
    int out[2], err[2];
    pid_t pid;

    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        if (file != NULL)
            dup2(open(file, O_WRONLY | O_CLOEXEC), fd);
        else if (fd >= 0)
            close(fd);
        become_gruvictl(path, args);
    }
    close(out[1]);
    close(err[1]);
    read_all(out[0], said.out, sizeof said.out);
    read_all(err[0], said.err, sizeof said.err);
    said.status = end_of(pid);
    return said.status;
}

int
run_gruvictl(const char *path, const char *const *args)
{
    return run_with(-1, NULL, path, args);
}

int
run_on_terminal(const char *path, unsigned short columns,
                const char *const *args)
{
    struct winsize size = {.ws_row = 50, .ws_col = columns};
    int terminal;
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);

    if (pid == 0) {
        setenv("TERM", "xterm", 1);
        become_gruvictl(path, args);
    }
    read_all(terminal, said.out, sizeof said.out);
    said.err[0] = '\0';
    said.status = end_of(pid);
    return said.status;
}

void
expect_out(const char *text)
{
    ck_assert_msg(strstr(said.out, text) != NULL, "'%s' is not in '%s'", text,
                  said.out);
}

void
expect_err(const char *text)
{
    ck_assert_msg(strstr(said.err, text) != NULL, "'%s' is not in '%s'", text,
                  said.err);
}

size_t
widest_line(void)
{
    size_t widest = 0, width = 0;

    for (const char *c = said.out; *c != '\0'; c++) {
        if (*c == '\033')
            c += strcspn(c, "m");
        else if (*c == '\n' || *c == '\r')
            width = 0;
        else if ((*c & 0xc0) != 0x80 && ++width > widest)
            widest = width;
    }
    return widest;
}
