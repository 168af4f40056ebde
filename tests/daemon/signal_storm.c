/* SPDX-License-Identifier: MIT */
/* For LD_PRELOAD: a signal with a handler comes every two milliseconds. */
#include <signal.h>
#include <sys/time.h>

static void
do_nothing(int signum)
{
    (void)signum;
}

static void __attribute__((constructor)) begin(void)
{
    const struct itimerval often = {{0, 2000}, {0, 2000}};
    struct sigaction handler = {.sa_handler = do_nothing};

    sigaction(SIGALRM, &handler, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}
