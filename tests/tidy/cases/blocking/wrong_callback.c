/* A callback of libuv blocks the hub as well. */
#include <unistd.h>

#include <gruvi.h>

static void
on_timer(uv_timer_t *timer)
{
    (void)timer;
    usleep(100000); /* gruvi-blocking: gruvi_sleep */
}

int
arm(uv_timer_t *timer)
{
    return uv_timer_start(timer, on_timer, 10, 0);
}
