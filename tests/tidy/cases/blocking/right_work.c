/* Work for a thread may block. */
#include <unistd.h>

#include <gruvi.h>

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    sleep(1);
    return fsync(1);
}

GRUVI_SWITCHPOINT int
synced(void)
{
    return gruvi_blocking(work, NULL, NULL);
}
