/* gruvi_blocking() waits for its work, whatever comes. */
#include <gruvi.h>

int work(void *arg, void **result);

GRUVI_SWITCHPOINT int
run(int n)
{
    return gruvi_blocking(work, &n, NULL);
}
