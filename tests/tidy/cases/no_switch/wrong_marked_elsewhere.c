/* What is defined in another file is known by its mark. */
#include <gruvi.h>

GRUVI_SWITCHPOINT void on_timer(uv_timer_t *timer);

int
arm(uv_timer_t *timer)
{
    return uv_timer_start(timer, on_timer, 10, 0); /* gruvi-no-switch: 'on_timer' */
}
