/* The hub runs the loop, nobody else. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
spin(void)
{
    return uv_run(gruvi_hub_loop(gruvi_get_hub()), UV_RUN_ONCE); /* gruvi-blocking: 'uv_run' */
}
