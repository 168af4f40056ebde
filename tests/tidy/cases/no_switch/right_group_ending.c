/* The ending of a group is marked in its type. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
body(void *arg)
{
    (void)arg;
    return 0;
}

GRUVI_SWITCHPOINT static void
ending(gruvi_group_t *group, void *arg)
{
    (void)arg;
    (void)gruvi_group_join(group, 1.0);
}

GRUVI_SWITCHPOINT int
call(void)
{
    return gruvi_group_call("work", body, NULL, ending);
}
