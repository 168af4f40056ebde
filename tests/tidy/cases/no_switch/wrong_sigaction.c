/* The same by sigaction(). */
#include <signal.h>

#include <gruvi.h>

static void
on_term(int signum)
{
    (void)signum;
    (void)gruvi_sleep(0.0); /* gruvi-no-switch: signal handler */
}

int
install(void)
{
    struct sigaction action = {0};

    action.sa_handler = on_term;
    return sigaction(SIGTERM, &action, NULL);
}
