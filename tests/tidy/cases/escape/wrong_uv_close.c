/* uv_close() closes later, when the frame is gone. */
#include <gruvi.h>

int
unused(void)
{
    uv_async_t async; /* gruvi-escape: 'async' */
    int err = uv_async_init(gruvi_hub_loop(gruvi_get_hub()), &async, NULL);

    if (err == 0)
        uv_close((uv_handle_t *)&async, NULL);
    return err;
}
