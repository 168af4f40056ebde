/* The address of a part of it. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

int
begin(void)
{
    struct {
        int first;
        int second[3];
    } pair = {1, {2}};

    return gruvi_go(worker, &pair.second[1]); /* gruvi-escape: 'pair' */
}
