/* A condition of threads stops all fibers of this one. */
#include <pthread.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT void
take(pthread_cond_t *cond, pthread_mutex_t *mutex, const bool *ready)
{
    pthread_mutex_lock(mutex);
    while (!*ready)
        pthread_cond_wait(cond, mutex); /* gruvi-blocking: gruvi_cond_wait */
    pthread_mutex_unlock(mutex);
}
