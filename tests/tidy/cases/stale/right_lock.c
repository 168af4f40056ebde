/* A lock that is held over both. */
#include <gruvi.h>

static gruvi_lock_t lock = GRUVI_LOCK_INIT;
static int stock = 3;

GRUVI_SWITCHPOINT int
buy(gruvi_stream_t *log)
{
    int err = gruvi_lock_acquire(&lock, GRUVI_FOREVER);

    if (err < 0)
        return err;
    if (stock > 0) {
        err = gruvi_stream_write(log, "sold\n", 5);
        stock--;
    }
    gruvi_lock_release(&lock);
    return err;
}
