/* The result of one's own switchpoint, in a branch. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int save(int value);

GRUVI_SWITCHPOINT void
save_positive(int value)
{
    if (value > 0)
        save(value); /* gruvi-ignored: 'save' */
}
