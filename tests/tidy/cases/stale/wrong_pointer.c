/* It was there before the switchpoint. */
#include <gruvi.h>

struct session {
    int hits;
};

static struct session *current;

void
set_session(struct session *session)
{
    current = session;
}

GRUVI_SWITCHPOINT int
hit(void)
{
    int err;

    if (current == NULL)
        return UV_ENOENT;
    err = gruvi_sleep(0.1);
    current->hits++; /* gruvi-stale: 'current' */
    return err;
}
