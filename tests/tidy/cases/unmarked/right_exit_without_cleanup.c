/* Without a cleanup, the exit of a switch back does not switch. */
#include <gruvi.h>

double
remaining(void)
{
    double left = 0.0;

    GRUVI_WITH_SWITCH_BACK(sb, 3.0)
    {
        left = gruvi_deadline_remaining();
    }
    return left;
}
