/* Work for a thread blocks, and does not switch. */
#include <unistd.h>

#include <gruvi.h>

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return fsync(1);
}

GRUVI_SWITCHPOINT int
synced(void)
{
    return gruvi_blocking(work, NULL, NULL);
}
