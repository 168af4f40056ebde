/* Marked at both places. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int pause_a_bit(void);

GRUVI_SWITCHPOINT int
pause_a_bit(void)
{
    return gruvi_sleep(0.1);
}
