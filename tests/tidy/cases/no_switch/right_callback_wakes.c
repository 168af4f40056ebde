/* A callback that wakes a fiber. */
#include <gruvi.h>

static void
on_timer(uv_timer_t *timer)
{
    gruvi_event_set(timer->data);
}

int
arm(uv_timer_t *timer)
{
    return uv_timer_start(timer, on_timer, 10, 0);
}
