/* A block with a group joins at its end, inside of the section. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
start(gruvi_fiber_fn helper)
{
    int err = 0;

    GRUVI_ASSERT_NO_SWITCHPOINTS
    {
        GRUVI_WITH_GROUP(group) /* gruvi-no-switch: 'gruvi__with_group_exit' */
        {
            err = gruvi_go(helper, NULL);
        }
    }
    return err;
}
