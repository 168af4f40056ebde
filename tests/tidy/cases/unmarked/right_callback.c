/* The callback is wrong, but a mark would not mend it: one message, not two. */
#include <gruvi.h>

static void
on_timer(uv_timer_t *timer)
{
    (void)timer;
    (void)gruvi_sleep(0.0); /* gruvi-no-switch: 'gruvi_sleep' */
}

int
arm(uv_timer_t *timer)
{
    return uv_timer_start(timer, on_timer, 10, 0);
}
