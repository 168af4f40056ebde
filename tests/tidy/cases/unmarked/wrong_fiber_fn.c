/* A fiber function's type is marked: who calls one may switch. */
#include <gruvi.h>

int
run_now(gruvi_fiber_fn target, void *arg) /* gruvi-unmarked: 'target' */
{
    return target(arg);
}
