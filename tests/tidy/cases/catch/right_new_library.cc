// gruvi/exception.h says that this library keeps them apart.
#include <gruvi.h>

void work();

GRUVI_SWITCHPOINT int
run()
{
    try {
        work();
    } catch (...) {
        return gruvi_sleep(1.0);
    }
    return 0;
}
