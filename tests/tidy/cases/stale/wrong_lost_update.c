/* What others added meanwhile is lost. */
#include <gruvi.h>

static int total;

GRUVI_SWITCHPOINT int
add(int amount)
{
    int before = total;
    int err = gruvi_sleep(0.0);

    total = before + amount; /* gruvi-stale: 'total' */
    return err;
}
