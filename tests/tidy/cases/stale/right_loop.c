/* A loop tests its condition each time. */
#include <gruvi.h>

static int waiting;

void
add(void)
{
    waiting++;
}

GRUVI_SWITCHPOINT int
drain(void)
{
    while (waiting > 0) {
        waiting--;
        int err = gruvi_sleep(0.1);
        if (err < 0)
            return err;
    }
    return 0;
}
