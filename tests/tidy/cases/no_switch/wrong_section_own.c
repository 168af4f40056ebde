/* Also one of one's own, and deep within. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int save(int value);

GRUVI_SWITCHPOINT int
save_all(const int *values, int n)
{
    GRUVI_ASSERT_NO_SWITCHPOINTS
    {
        for (int i = 0; i < n; i++)
            if (values[i] != 0 && save(values[i]) < 0) /* gruvi-no-switch: 'save' */
                return UV_EIO;
    }
    return 0;
}
