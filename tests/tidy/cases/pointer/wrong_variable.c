/* A variable whose type says nothing of the switch. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
wait_a_bit(void *arg)
{
    (void)arg;
    return gruvi_sleep(0.1);
}

int
call(void)
{
    int (*fn)(void *) = wait_a_bit; /* gruvi-pointer: 'wait_a_bit' */

    return fn(NULL);
}
