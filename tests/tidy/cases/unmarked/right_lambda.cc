// A lambda is a function of its own: who makes one does not call it.
#include <gruvi.h>

int
begin()
{
    gruvi_fiber_fn fn = [](void *) GRUVI_SWITCHPOINT { return gruvi_sleep(1.0); };

    return gruvi_go(fn, nullptr);
}
