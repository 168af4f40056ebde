/* SPDX-License-Identifier: MIT */
/* Writing without SIGPIPE: see sigpipe.h. */
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/sigpipe.h"

static void
only_sigpipe(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void
gruvi__sigpipe_hold(struct gruvi__sigpipe *sigpipe)
{
    sigset_t set, pending;

    only_sigpipe(&set);
    pthread_sigmask(SIG_BLOCK, &set, &sigpipe->before);
    sigpipe->was_pending = sigismember(&sigpipe->before, SIGPIPE) &&
                           sigpending(&pending) == 0 &&
                           sigismember(&pending, SIGPIPE);
}

void
gruvi__sigpipe_release(const struct gruvi__sigpipe *sigpipe, bool broken)
{
    static const struct timespec now;
    sigset_t set;

    only_sigpipe(&set);
    if (broken && !sigpipe->was_pending)
        while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &sigpipe->before, NULL);
}
