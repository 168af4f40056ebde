/* After the section. */
#include <gruvi.h>

static int balance, other;

GRUVI_SWITCHPOINT int
move(int amount)
{
    GRUVI_ASSERT_NO_SWITCHPOINTS
    {
        balance -= amount;
        other += amount;
    }
    return gruvi_sleep(0.0);
}
