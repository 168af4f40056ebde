/* From a marked pointer to one that is not. */
#include <gruvi.h>

typedef int (*plain_fn)(void *arg);

plain_fn
plain(gruvi_fiber_fn target)
{
    plain_fn fn = target; /* gruvi-pointer: 'target' */

    return fn;
}
