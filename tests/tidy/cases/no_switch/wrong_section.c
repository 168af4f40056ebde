/* A switchpoint in a section without one. */
#include <gruvi.h>

static int balance, other;

GRUVI_SWITCHPOINT int
move(int amount)
{
    int err = 0;

    GRUVI_ASSERT_NO_SWITCHPOINTS
    {
        balance -= amount;
        err = gruvi_sleep(0.0); /* gruvi-no-switch: 'gruvi_sleep' */
        other += amount;
    }
    return err;
}
