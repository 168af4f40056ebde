/* To name a switchpoint is not to call it. */
#include <gruvi.h>

bool
is_sleep(int (*other)(double))
{
    return other == gruvi_sleep;
}
