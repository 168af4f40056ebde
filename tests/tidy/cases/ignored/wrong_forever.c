/* A cancel comes as a result, and nobody looks. */
#include <stdio.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
ticker(void *arg)
{
    (void)arg;
    for (;;) { /* gruvi-ignored: no exit */
        (void)gruvi_sleep(1.0);
        puts("tick");
    }
    return 0;
}
