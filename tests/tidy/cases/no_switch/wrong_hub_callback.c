/* A callback of the hub. */
#include <gruvi.h>

static gruvi_event_t event = GRUVI_EVENT_INIT;

static void
later(void *arg)
{
    (void)arg;
    (void)gruvi_event_wait(&event, 1.0); /* gruvi-no-switch: 'gruvi_event_wait' */
}

int
queue(void)
{
    return gruvi_hub_run_callback(gruvi_get_hub(), later, NULL);
}
