/* A signal handler. */
#include <signal.h>

#include <gruvi.h>

static gruvi_event_t stop = GRUVI_EVENT_INIT;

static void
on_term(int signum)
{
    (void)signum;
    (void)gruvi_event_wait(&stop, 0.0); /* gruvi-no-switch: signal handler */
}

void
install(void)
{
    signal(SIGTERM, on_term);
}
