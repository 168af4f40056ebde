/* The same by an assignment. */
#include <gruvi.h>

static int (*hook)(double);

void
set_hook(void)
{
    hook = gruvi_sleep; /* gruvi-pointer: 'gruvi_sleep' */
}
