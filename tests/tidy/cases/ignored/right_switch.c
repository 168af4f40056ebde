/* The result chooses the way out. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
wait_long(gruvi_event_t *event)
{
    for (;;) {
        switch (gruvi_event_wait(event, 10.0)) {
        case 0:
            return 0;
        case UV_ETIMEDOUT:
            break;
        default:
            return UV_ECANCELED;
        }
    }
}
