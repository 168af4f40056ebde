/* The end of a block with a group joins its members. */
#include <gruvi.h>

int
with_helper(gruvi_fiber_fn helper, void *arg) /* gruvi-unmarked: 'gruvi__with_group_exit' */
{
    int err = 0;

    GRUVI_WITH_GROUP(group)
    {
        err = gruvi_go(helper, arg);
    }
    return err;
}
