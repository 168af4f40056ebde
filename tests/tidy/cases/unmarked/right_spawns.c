/* To start a fiber is no switch: it runs later. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
worker(void *arg)
{
    (void)arg;
    return gruvi_sleep(1.0);
}

int
begin(void)
{
    return gruvi_go(worker, NULL);
}
