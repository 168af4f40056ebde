/* SPDX-License-Identifier: MIT */
/* What a thread does, from /proc: see task.h. */
#include "watch/task.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* False: it cannot be read. */
static bool
read_file(pid_t tid, const char *name, char *text, size_t size)
{
    char path[64];
    ssize_t n = -1;
    int fd;

    snprintf(path, sizeof path, "/proc/self/task/%d/%s", (int)tid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, size - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* The letter after the name, which may hold anything. */
static bool
is_stopped(pid_t tid)
{
    char text[512];
    const char *end;

    if (!read_file(tid, "stat", text, sizeof text))
        return false;
    end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' && (end[2] == 't' || end[2] == 'T');
}

/* "running", "NUMBER ARG1 ... ARG6 SP PC" or "-1 SP PC" */
static void
parse(const char *text, struct gruvid__task *task)
{
    unsigned long long values[8];
    char *at;
    int n = 0;

    if (strncmp(text, "running", 7) == 0) {
        task->doing = GRUVID__RUNS;
        return;
    }
    errno = 0;
    task->call = strtol(text, &at, 10);
    while (n < 8 && *at == ' ')
        values[n++] = strtoull(at, &at, 16);
    if (errno != 0 || n < 2)
        return;
    task->doing = task->call < 0 ? GRUVID__FAULTS : GRUVID__CALLS;
    task->arg = values[0];
    task->sp = (uintptr_t)values[n - 2];
    task->pc = (uintptr_t)values[n - 1];
}

void
gruvid__task_look(pid_t tid, struct gruvid__task *task)
{
    char text[256];

    *task = (struct gruvid__task){.doing = GRUVID__UNKNOWN};
    if (read_file(tid, "syscall", text, sizeof text))
        parse(text, task);
    if (task->doing != GRUVID__RUNS && is_stopped(tid))
        task->doing = GRUVID__HALTED;
}

/* "RAN WAITED TIMES" */
uint64_t
gruvid__task_starved(pid_t tid)
{
    char text[128];
    const char *space;

    if (!read_file(tid, "schedstat", text, sizeof text))
        return 0;
    space = strchr(text, ' ');
    return space == NULL ? 0 : strtoull(space, NULL, 10);
}
