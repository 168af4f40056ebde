/* A lock that was not acquired is released. */
#include <gruvi.h>

static int value;

GRUVI_SWITCHPOINT void
increment(gruvi_lock_t *lock)
{
    gruvi_lock_acquire(lock, 1.0); /* gruvi-ignored: 'gruvi_lock_acquire' */
    value++;
    gruvi_lock_release(lock);
}
