/* A function that calls a switchpoint, and does not say so. */
#include <gruvi.h>

int
pause_a_bit(void) /* gruvi-unmarked: calls the switchpoint 'gruvi_sleep' */
{
    return gruvi_sleep(0.1);
}
