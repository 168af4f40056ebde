/* The frame is gone when the fiber runs. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

int
begin(void)
{
    int value = 3;

    return gruvi_go(worker, &value); /* gruvi-escape: 'value' */
}
