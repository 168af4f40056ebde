/* SPDX-License-Identifier: MIT */
/* One run, in a forked child: what it says by itself goes into a file in
 * memory, and is shown where something is wrong. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gruvid-test/host.h"
#include "gruvid-test/names.h"

/* The child has not ended by itself. */
static bool aborted;

struct shared *shared;
const struct plan *plan;

static void __attribute__((format(printf, 1, 0)))
add_text(const char *format, va_list args)
{
    size_t room = sizeof shared->text - shared->used;
    int n = vsnprintf(shared->text + shared->used, room, format, args);

    if (n > 0)
        shared->used += (size_t)n < room ? (size_t)n : room - 1;
}

void
tell(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_text(format, args);
    va_end(args);
}

void
fail(const char *format, ...)
{
    va_list args;

    shared->failures++;
    va_start(args, format);
    add_text(format, args);
    va_end(args);
}

static void
place(void)
{
    if (shared->line == 0)
        tell("before the %s begins", plan->player);
    else
        tell("at %s:%u", shared->path, shared->line);
}

/* --- the child ------------------------------------------------------------ */

static pid_t
begin(int output)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid != 0)
        return pid;
    if (!plan->verbose) {
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
    }
    close(output);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    live();
}

/* Wait for so many seconds of real time.  Returns whether it has ended. */
static bool
await_end(pid_t pid, double seconds)
{
    struct pollfd ended = {.events = POLLIN};
    int n;

    ended.fd = (int)syscall(SYS_pidfd_open, pid, 0U);
    if (ended.fd < 0)
        return true;
    do {
        n = poll(&ended, 1, (int)(seconds * 1000));
    } while (n < 0 && errno == EINTR);
    close(ended.fd);
    return n != 0;
}

/* Seconds that a child has to name what it does when it is aborted. */
#define LAST_WORDS 5.0

static int
end(pid_t pid)
{
    siginfo_t info;
    int status = 0;

    if (!await_end(pid, plan->limit)) {
        fail("it has not ended within %g seconds of real time: code of the "
             "plugin loops, or blocks the thread; ",
             plan->limit);
        place();
        tell("\n");
        aborted = true;
        kill(pid, SIGABRT);
        if (!await_end(pid, LAST_WORDS))
            kill(pid, SIGKILL);
    }
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR)
        continue;
    /* Processes of the plugin's, as long as the number of the group is its. */
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void
judge(int status)
{
    if (aborted)
        return;
    if (WIFSIGNALED(status)) {
        fail("it has crashed: %s, ", strsignal(WTERMSIG(status)));
        place();
        tell("\n");
    } else if (!shared->over && shared->failures == 0) {
        fail("the process was ended by exit status %d, ", WEXITSTATUS(status));
        place();
        tell("\n");
    } else if (shared->failures == 0 && WEXITSTATUS(status) != 0 &&
               WEXITSTATUS(status) != 75) {
        fail("exit status %d\n", WEXITSTATUS(status));
    }
}

/* --- the report ----------------------------------------------------------- */

/* The end of what the child has said. */
static void
show(int output)
{
    static char buf[16 << 10];
    off_t size = lseek(output, 0, SEEK_END);
    off_t from = size < (off_t)sizeof buf ? 0 : size - (off_t)sizeof buf + 1;
    ssize_t n = pread(output, buf, sizeof buf - 1, from);

    buf[n > 0 ? n : 0] = '\0';
    names_print(plan->out, buf);
}

static void
report(const char *words, int output)
{
    if (words[0] != '\0')
        fprintf(plan->out, "%s:\n", words);
    names_print(plan->out, shared->text);
    show(output);
}

bool
run(const struct plan *what, const char *words)
{
    int output = memfd_create("output", 0);
    pid_t pid;
    bool ok;

    plan = what;
    if (shared == NULL)
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || output < 0) {
        fprintf(plan->out, "gruvid-test: %s\n", strerror(errno));
        if (shared == MAP_FAILED)
            shared = NULL;
        if (output >= 0)
            close(output);
        return false;
    }
    memset(shared, 0, sizeof *shared);
    aborted = false;
    pid = begin(output);
    if (pid > 0)
        judge(end(pid));
    else
        fail("fork: %s\n", strerror(errno));
    ok = shared->failures == 0;
    if (shared->struck)
        tell("what has failed there: %s\n", shared->place);
    if (!ok)
        report(words, output);
    close(output);
    return ok;
}
