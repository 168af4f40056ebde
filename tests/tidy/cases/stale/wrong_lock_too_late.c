/* The lock is taken after the look. */
#include <gruvi.h>

static gruvi_lock_t lock = GRUVI_LOCK_INIT;
static int stock = 3;

GRUVI_SWITCHPOINT int
buy(void)
{
    int err = UV_ENOENT;

    if (stock > 0) {
        err = gruvi_lock_acquire(&lock, GRUVI_FOREVER);
        if (err < 0)
            return err;
        stock--; /* gruvi-stale: 'stock' */
        gruvi_lock_release(&lock);
    }
    return err;
}
