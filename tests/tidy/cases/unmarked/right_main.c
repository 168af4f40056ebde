/* main() has no caller that would need to know. */
#include <gruvi.h>

int
main(void)
{
    return gruvi_sleep(0.0) < 0;
}
