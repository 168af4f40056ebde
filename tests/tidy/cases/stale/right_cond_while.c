/* A condition with its loop. */
#include <gruvi.h>

static gruvi_lock_t lock = GRUVI_LOCK_INIT;
static gruvi_cond_t filled; /* gruvi_cond_init() is called elsewhere */
static int items;

GRUVI_SWITCHPOINT int
take(void)
{
    int err = gruvi_lock_acquire(&lock, GRUVI_FOREVER);

    while (err == 0 && items == 0)
        err = gruvi_cond_wait(&filled, GRUVI_FOREVER);
    if (err == 0)
        items--;
    gruvi_lock_release(&lock);
    return err;
}
