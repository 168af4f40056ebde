/* A done callback of a future. */
#include <gruvi.h>

static void
done(gruvi_future_t *future, void *arg)
{
    void *value;

    (void)gruvi_future_result(future, &value, 0.0); /* gruvi-no-switch: 'done' */
    (void)arg;
}

int
watch(gruvi_future_t *future)
{
    return gruvi_future_add_done_callback(future, done, NULL);
}
