/* A variable that stays. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

int
begin(void)
{
    static int value = 3;

    return gruvi_go(worker, &value);
}
