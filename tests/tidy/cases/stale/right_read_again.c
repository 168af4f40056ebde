/* The condition is read again. */
#include <gruvi.h>

static int balance = 100;

GRUVI_SWITCHPOINT int
withdraw(gruvi_stream_t *log, int amount)
{
    if (balance >= amount) {
        int err = gruvi_stream_printf(log, "%d\n", amount);
        if (err < 0)
            return err;
        if (balance < amount)
            return UV_EAGAIN;
        balance -= amount;
    }
    return 0;
}
