/* A function that does not switch may be a fiber. */
#include <gruvi.h>

static int counter;

static int
count(void *arg)
{
    (void)arg;
    return counter++;
}

int
begin(void)
{
    return gruvi_go(count, NULL);
}
