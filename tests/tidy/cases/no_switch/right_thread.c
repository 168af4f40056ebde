/* A thread of its own is no callback: it may have a hub. */
#include <gruvi.h>

GRUVI_SWITCHPOINT static void
thread(void *arg)
{
    (void)arg;
    (void)gruvi_sleep(1.0);
    (void)gruvi_hub_close(gruvi_get_hub());
}

int
begin(uv_thread_t *id)
{
    return uv_thread_create(id, thread, NULL);
}
