/* Memory that is the fiber's. */
#include <stdlib.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

int
begin(void)
{
    int *value = malloc(sizeof *value);

    return value == NULL ? UV_ENOMEM : gruvi_go(worker, value);
}
