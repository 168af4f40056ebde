/* A marked argument of one's own function. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static int
each(GRUVI_SWITCHPOINT int (*fn)(int value), int n)
{
    for (int i = 0; i < n; i++) {
        int err = fn(i);
        if (err < 0)
            return err;
    }
    return 0;
}

GRUVI_SWITCHPOINT int store(int value);

GRUVI_SWITCHPOINT int
store_all(int n)
{
    return each(store, n);
}
