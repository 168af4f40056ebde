/* Work that may be abandoned outlives the call. */
#include <gruvi.h>

int work(void *arg, void **result);

GRUVI_SWITCHPOINT int
try_it(int n)
{
    int value = n;

    return gruvi_blocking_abandon(work, &value, NULL, NULL); /* gruvi-escape: 'value' */
}
