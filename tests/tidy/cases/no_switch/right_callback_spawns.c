/* A callback may start a fiber that switches. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
worker(void *arg)
{
    (void)arg;
    return gruvi_sleep(1.0);
}

static void
on_timer(uv_timer_t *timer)
{
    if (gruvi_go(worker, timer->data) < 0)
        uv_timer_stop(timer);
}

int
arm(uv_timer_t *timer)
{
    return uv_timer_start(timer, on_timer, 10, 0);
}
