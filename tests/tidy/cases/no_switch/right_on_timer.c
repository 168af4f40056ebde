/* The library's own callbacks for libuv. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
tick(void)
{
    uv_timer_t timer;
    int err;

    uv_timer_init(gruvi_hub_loop(gruvi_get_hub()), &timer);
    GRUVI_WITH_SWITCH_BACK(sb, GRUVI_FOREVER)
    {
        timer.data = &sb;
        err = uv_timer_start(&timer, gruvi_on_timer, 10, 0);
        if (err == 0)
            err = gruvi_hub_switch(gruvi_get_hub(), NULL);
    }
    (void)gruvi_uv_close((uv_handle_t *)&timer);
    return err;
}
