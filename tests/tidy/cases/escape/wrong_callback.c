/* A callback of the hub runs later. */
#include <gruvi.h>

void later(void *arg);

int
queue(void)
{
    int value = 3;

    return gruvi_hub_run_callback(gruvi_get_hub(), later, &value); /* gruvi-escape: 'value' */
}
