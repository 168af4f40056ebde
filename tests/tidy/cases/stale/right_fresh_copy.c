/* The pointer is read anew after the switchpoint, and tested. */
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
    struct session *now;
    int err;

    if (current == NULL)
        return UV_ENOENT;
    err = gruvi_sleep(0.1);
    now = current;
    if (now != NULL)
        now->hits++;
    return err;
}
