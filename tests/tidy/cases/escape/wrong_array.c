/* An array is an address as well. */
#include <string.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

gruvi_fiber_t *
begin(const char *name)
{
    char copy[20];

    strncpy(copy, name, sizeof copy - 1);
    copy[19] = '\0';
    return gruvi_spawn(worker, copy); /* gruvi-escape: 'copy' */
}
