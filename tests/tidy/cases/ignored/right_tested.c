/* The usual loop. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
ticker(void *arg)
{
    (void)arg;
    for (;;) {
        int err = gruvi_sleep(1.0);
        if (err < 0)
            return err;
    }
}
