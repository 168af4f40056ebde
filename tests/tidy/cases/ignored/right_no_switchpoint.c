/* A loop for ever, in a thread without fibers. */
#include <gruvi.h>

int next(void);

void
spin(void)
{
    for (;;)
        next();
}
