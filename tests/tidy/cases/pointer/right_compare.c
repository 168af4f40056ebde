/* To compare is not to store. */
#include <gruvi.h>

bool
sleeps(int (*fn)(double))
{
    return fn != NULL && fn == gruvi_sleep;
}
