/* The switchpoint is on the other branch. */
#include <gruvi.h>

static int open_count;

GRUVI_SWITCHPOINT int
take(void)
{
    if (open_count == 0) {
        int err = gruvi_sleep(1.0);
        return err < 0 ? err : UV_EAGAIN;
    }
    open_count--;
    return 0;
}

void
give(void)
{
    open_count++;
}
