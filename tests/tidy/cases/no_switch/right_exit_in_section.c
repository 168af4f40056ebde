/* A switch back without a cleanup may end in the section. */
#include <gruvi.h>

void
touch(int *value)
{
    GRUVI_ASSERT_NO_SWITCHPOINTS
    {
        GRUVI_WITH_SWITCH_BACK(sb, 1.0)
        {
            *value = 1;
        }
    }
}
