/* A thread without a hub. */
#include <unistd.h>

#include <gruvi.h>

static void
thread(void *arg)
{
    gruvi_event_t *event = arg;

    sleep(1);
    gruvi_event_set(event);
}

GRUVI_SWITCHPOINT int
wait_for_thread(gruvi_event_t *event, uv_thread_t *id)
{
    int err = uv_thread_create(id, thread, event);

    return err < 0 ? err : gruvi_event_wait(event, 10.0);
}
