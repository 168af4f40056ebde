/* An argument of a function. */
#include <gruvi.h>

int each(int (*fn)(int value), int n);
GRUVI_SWITCHPOINT int store(int value);

int
store_all(int n)
{
    return each(store, n); /* gruvi-pointer: 'store' */
}
