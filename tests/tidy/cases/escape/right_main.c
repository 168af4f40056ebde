/* The frame of main() lives as long as all fibers. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

int
main(void)
{
    int value = 3;

    if (gruvi_go(worker, &value) < 0)
        return 1;
    return gruvi_hub_close(gruvi_get_hub()) < 0;
}
