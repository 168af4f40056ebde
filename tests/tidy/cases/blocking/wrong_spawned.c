/* A function that nobody marked, but that is spawned. */
#include <time.h>

#include <gruvi.h>

static int
worker(void *arg)
{
    struct timespec second = {1, 0};

    (void)arg;
    return nanosleep(&second, NULL); /* gruvi-blocking: gruvi_sleep */
}

int
begin(void)
{
    return gruvi_go(worker, NULL);
}
