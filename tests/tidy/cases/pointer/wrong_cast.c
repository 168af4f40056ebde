/* A cast does not hide it. */
#include <gruvi.h>

typedef int (*any_fn)(void);

GRUVI_SWITCHPOINT int join_all(void *arg);

any_fn
any(void)
{
    return (any_fn)join_all; /* gruvi-pointer: 'join_all' */
}
