/* Two fibers may both find enough. */
#include <gruvi.h>

static int balance = 100;

GRUVI_SWITCHPOINT int
withdraw(gruvi_stream_t *log, int amount)
{
    if (balance >= amount) {
        int err = gruvi_stream_printf(log, "%d\n", amount);
        if (err < 0)
            return err;
        balance -= amount; /* gruvi-stale: 'balance' */
    }
    return 0;
}
