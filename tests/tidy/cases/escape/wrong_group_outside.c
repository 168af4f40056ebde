/* The group lives longer than the frame. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

gruvi_fiber_t *
add(gruvi_group_t *group)
{
    int value = 3;

    return gruvi_group_spawn(group, worker, &value); /* gruvi-escape: 'value' */
}
