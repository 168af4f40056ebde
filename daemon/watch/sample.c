/* SPDX-License-Identifier: MIT */
/*
 * The question and its answer:
 *
 *   the asker    IDLE --> ASKED, a signal; waits for ANSWERED --> IDLE
 *   handler      ASKED --> ANSWERING, fills in, --> ANSWERED
 *
 * An asker that waits in vain takes the question back, unless the handler has
 * begun with the answer: that comes.
 */
#include "watch/sample.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "watch/culprit.h"

/* Milliseconds.  A thread that runs gets its signal at once; one that is ready,
 * when it runs again. */
#define PATIENCE 200

enum { IDLE, ASKED, ANSWERING, ANSWERED };

static int state; /* atomic */
static pid_t asked;
static struct gruvid__culprit answer;

static bool
step(int from, int to)
{
    return __atomic_compare_exchange_n(&state, &from, to, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void
on_question(int signum, siginfo_t *info, void *ucontext)
{
    int saved = errno;

    (void)signum;
    (void)info;
    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == ASKED &&
        syscall(SYS_gettid) == asked && step(ASKED, ANSWERING)) {
        gruvid__culprit_here(&answer, ucontext);
        __atomic_store_n(&state, ANSWERED, __ATOMIC_RELEASE);
    }
    errno = saved;
}

void
gruvid__sample_open(void)
{
    struct sigaction action = {.sa_sigaction = on_question,
                               .sa_flags =
                                   SA_SIGINFO | SA_ONSTACK | SA_RESTART};

    sigfillset(&action.sa_mask);
    sigaction(SIGURG, &action, NULL);
}

bool
gruvid__sample_works(void)
{
    struct sigaction now;

    return sigaction(SIGURG, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) &&
           now.sa_sigaction == on_question;
}

static bool
await_answer(void)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < PATIENCE; i++) {
        if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == ANSWERED)
            return true;
        nanosleep(&pause, NULL);
    }
    if (step(ASKED, IDLE))
        return false;
    while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) != ANSWERED)
        nanosleep(&pause, NULL);
    return true;
}

bool
gruvid__sample(pid_t tid, struct gruvid__culprit *culprit)
{
    if (!gruvid__sample_works())
        return false;
    asked = tid;
    __atomic_store_n(&state, ASKED, __ATOMIC_RELEASE);
    if (syscall(SYS_tgkill, getpid(), tid, SIGURG) != 0) {
        __atomic_store_n(&state, IDLE, __ATOMIC_RELEASE);
        return false;
    }
    if (!await_answer())
        return false;
    *culprit = answer;
    __atomic_store_n(&state, IDLE, __ATOMIC_RELEASE);
    return true;
}
