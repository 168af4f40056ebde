/* What begins a thread is called by nobody. */
#include <pthread.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT static void *
thread(void *arg)
{
    (void)gruvi_sleep(1.0);
    return arg;
}

int
begin(pthread_t *id)
{
    return pthread_create(id, NULL, thread, NULL);
}
