/* A marked function for a marked type. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
wait_a_bit(void *arg)
{
    (void)arg;
    return gruvi_sleep(0.1);
}

GRUVI_SWITCHPOINT int
call(void)
{
    gruvi_fiber_fn fn = wait_a_bit;

    return fn(NULL);
}
