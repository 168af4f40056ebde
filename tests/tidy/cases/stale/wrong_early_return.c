/* The same, written the other way around. */
#include <gruvi.h>

static int running;

GRUVI_SWITCHPOINT int
begin(void)
{
    int err;

    if (running >= 10)
        return UV_EBUSY;
    if ((err = gruvi_sleep(0.0)) < 0)
        return err;
    running++; /* gruvi-stale: 'running' */
    return 0;
}
