/* SPDX-License-Identifier: MIT */
/*
 * The handler: see crash.h.
 *
 * It runs where anything may be broken, so it takes no lock, asks for no
 * memory, and waits for nothing without an end.  A fault in the handler itself
 * ends the process: the kernel does not call a handler for a signal that it
 * handles, and another signal finds here that the thread reports already.  The
 * thread that watches, and an alarm where that is what has crashed, end a
 * handler that hangs.
 */
#include "watch/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <gruvi.h>

#include "log/sink.h"
#include "log/writer.h"
#include "watch/culprit.h"

/* Seconds until a report is cut. */
#define PATIENCE 4
#define ALARM    5

/* Those that are reported come first, and of these the faults: they come again
 * by themselves, and nobody can ignore them. */
static const struct {
    int signum;
    const char *name;
} signals[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
    {SIGFPE, "SIGFPE"},   {SIGABRT, "SIGABRT"}, {SIGQUIT, "SIGQUIT"},
    {SIGSYS, "SIGSYS"},   {SIGTRAP, "SIGTRAP"}, {SIGXCPU, "SIGXCPU"},
};

#define N_SIGNALS  (sizeof signals / sizeof *signals)
#define N_REPORTED 5
#define N_FAULTS   4

static struct sigaction before[N_SIGNALS];
static pid_t process;
static pid_t reporting; /* thread; 0: none; atomic */
static int reported;    /* signal; valid while reporting */

/* --- the report ----------------------------------------------------------- */

static struct gruvid__culprit culprit;

static void
line(const char *words)
{
    gruvi_log_record_t record = {
        .level = GRUVI_LOG_ERROR,
        .hub = "",
        .fiber = culprit.fiber,
        .group = culprit.plugin,
        .message = words,
    };

    clock_gettime(CLOCK_REALTIME, &record.time);
    gruvid__log_write_in_handler(&record, culprit.generation);
}

static const char *
reason(const siginfo_t *info)
{
    switch (info->si_signo) {
    case SIGSEGV:
        return info->si_code == SEGV_MAPERR   ? "nothing is mapped there"
               : info->si_code == SEGV_ACCERR ? "no permission for that"
                                              : "";
    case SIGBUS:
        return info->si_code == BUS_ADRALN ? "not aligned"
               : info->si_code == BUS_ADRERR
                   ? "past the end of the file that is mapped there"
                   : "";
    case SIGILL:
        return "no valid instruction";
    case SIGFPE:
        return info->si_code == FPE_INTDIV ? "a division by zero" : "";
    default:
        return "";
    }
}

static void
add_cause(struct gruvid__text *text, const siginfo_t *info)
{
    const char *why = reason(info);

    if (info->si_code <= 0) {
        gruvid__text_add(text, info->si_pid == process ? ", raised by itself"
                                                       : ", sent by process ");
        if (info->si_pid != process)
            gruvid__text_number(text, (uint64_t)info->si_pid);
        return;
    }
    gruvid__text_add(text, " at address ");
    gruvid__text_hex(text, (uint64_t)(uintptr_t)info->si_addr);
    if (gruvi__in_stack_guard(info->si_addr))
        why = "the stack of the fiber is used up";
    if (*why == '\0')
        return;
    gruvid__text_add(text, " (");
    gruvid__text_add(text, why);
    gruvid__text_add(text, ")");
}

static void
say_head(const char *name, const siginfo_t *info)
{
    char message[512], thread[32] = "";
    struct gruvid__text text;

    prctl(PR_GET_NAME, thread);
    gruvid__text_begin(&text, message, sizeof message);
    gruvid__text_add(&text, "crash: ");
    gruvid__text_add(&text, name);
    add_cause(&text, info);
    gruvid__text_add(&text, ": ");
    gruvid__text_culprit(&text, &culprit);
    if (culprit.fiber[0] == '\0')
        gruvid__text_add(&text, ", no fiber");
    gruvid__text_add(&text, ", thread ");
    gruvid__text_add(&text, thread);
    line(message);
}

static void
say_frames(void)
{
    char message[512], frame[400];
    struct gruvid__text text;

    for (unsigned i = 0; i < culprit.frames.n; i++) {
        gruvi__address_text(culprit.frames.at[i], frame, sizeof frame);
        gruvid__text_begin(&text, message, sizeof message);
        gruvid__text_add(&text, "crash: #");
        gruvid__text_number(&text, i);
        gruvid__text_add(&text, " ");
        gruvid__text_add(&text, frame);
        line(message);
    }
    if (culprit.frames.note[0] == '\0')
        return;
    gruvid__text_begin(&text, message, sizeof message);
    gruvid__text_add(&text, "crash: stack: ");
    gruvid__text_add(&text, culprit.frames.note);
    line(message);
}

/* Whether an earlier frame lies in the same object. */
static bool
is_named(const gruvi__module_t *module, unsigned n)
{
    if (module == culprit.module)
        return true;
    for (unsigned i = 0; i < n; i++)
        if (gruvi__module_at(culprit.frames.at[i]) == module)
            return true;
    return false;
}

static void
say_build(const gruvi__module_t *module)
{
    char message[512];
    struct gruvid__text text;

    gruvid__text_begin(&text, message, sizeof message);
    gruvid__text_add(&text, "crash: ");
    gruvid__text_build(&text, module);
    gruvid__text_add(&text, ", file ");
    gruvid__text_add(&text, module->path);
    line(message);
}

static void
say_builds(void)
{
    if (culprit.module != NULL)
        say_build(culprit.module);
    for (unsigned i = 0; i < culprit.frames.n; i++) {
        const gruvi__module_t *module = gruvi__module_at(culprit.frames.at[i]);

        if (module != NULL && !is_named(module, i))
            say_build(module);
    }
}

static void
report(size_t i, const siginfo_t *info, const void *ucontext)
{
    signal(SIGALRM, SIG_DFL);
    alarm(ALARM);
    gruvid__writer_flush_in_handler();
    gruvid__culprit_here(&culprit, ucontext);
    say_head(signals[i].name, info);
    say_frames();
    say_builds();
    alarm(0);
}

/* --- what comes after it ---------------------------------------------------
 */

static void
do_default(int signum, bool comes_again)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};

    sigaction(signum, &standard, NULL);
    if (!comes_again)
        raise(signum);
}

static void
pass_on(size_t i, int signum, siginfo_t *info, void *ucontext)
{
    const struct sigaction *action = &before[i];
    bool comes_again = i < N_FAULTS && info->si_code > 0;

    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(signum, info, ucontext);
    else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)
        action->sa_handler(signum);
    else if (action->sa_handler == SIG_DFL || comes_again)
        do_default(signum, comes_again);
}

/* In the middle of a report, whose signal waits for its handler to return. */
static void
end_report(int signum)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signum);
    do_default(signum, false);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* Another thread has crashed, too: it ends the process. */
static void
await_end(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    for (int i = 0;
         i < 100 * ALARM && __atomic_load_n(&reporting, __ATOMIC_ACQUIRE) != 0;
         i++)
        nanosleep(&pause, NULL);
}

/* False: the report itself has crashed. */
static bool
report_once(size_t i, siginfo_t *info, void *ucontext)
{
    pid_t self = (pid_t)syscall(SYS_gettid), none = 0;

    while (!__atomic_compare_exchange_n(&reporting, &none, self, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (none == self)
            return false;
        await_end();
        none = 0;
    }
    __atomic_store_n(&reported, signals[i].signum, __ATOMIC_RELEASE);
    report(i, info, ucontext);
    return true;
}

/* Only in a file a core has holes.  A file is left as it is, because a debugger
 * takes some seconds to read thousands of pieces. */
static bool
core_has_no_holes(void)
{
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
    char first = '\0';
    bool known = fd >= 0 && read(fd, &first, 1) == 1;

    if (fd >= 0)
        close(fd);
    return known && (first == '|' || first == '@'); /* a program, a socket */
}

/* The last thing before the end.  An ignored signal ends nothing. */
static void
thin_core(size_t i)
{
    if (getpid() == process && before[i].sa_handler != SIG_IGN &&
        core_has_no_holes())
        gruvi__stacks_thin();
}

static void
on_signal(int signum, siginfo_t *info, void *ucontext)
{
    int saved = errno;
    size_t i = 0;

    while (i < N_SIGNALS - 1 && signals[i].signum != signum)
        i++;
    if (i >= N_REPORTED || getpid() != process) {
        gruvid__writer_flush_in_handler();
        thin_core(i);
        errno = saved;
        pass_on(i, signum, info, ucontext);
    } else if (report_once(i, info, ucontext)) {
        thin_core(i);
        errno = saved;
        pass_on(i, signum, info, ucontext);
    } else {
        end_report(reported);
    }
}

void
gruvid__crash_look(void)
{
    static double since;
    int signum = __atomic_load_n(&reported, __ATOMIC_ACQUIRE);

    if (signum == 0)
        return;
    if (since == 0)
        since = gruvid__now();
    if (gruvid__now() - since < PATIENCE)
        return;
    signal(signum, SIG_DFL);
    kill(getpid(), signum);
    sleep(1);
    _exit(128 + signum);
}

/* --- installing ------------------------------------------------------------
 */

static bool
is_ours(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) && action->sa_sigaction == on_signal;
}

static void
install(size_t i)
{
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaction(signals[i].signum, &action, NULL);
}

void
gruvid__crash_open(void)
{
    process = getpid();
    for (size_t i = 0; i < N_SIGNALS; i++) {
        struct sigaction now;

        if (sigaction(signals[i].signum, NULL, &now) < 0 || is_ours(&now) ||
            (i >= N_FAULTS && now.sa_handler == SIG_IGN))
            continue; /* programs that plugins start ignore it as well */
        before[i] = now;
        install(i);
    }
}
