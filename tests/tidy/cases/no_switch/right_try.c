/* Calls that never wait are no switchpoints. */
#include <gruvi.h>

int
take(gruvi_lock_t *lock, gruvi_queue_t *queue, void **item)
{
    int err = 0;

    GRUVI_ASSERT_NO_SWITCHPOINTS
    {
        err = gruvi_lock_try_acquire(lock);
        if (err == 0) {
            err = gruvi_queue_try_get(queue, item);
            gruvi_lock_release(lock);
        }
    }
    return err;
}
