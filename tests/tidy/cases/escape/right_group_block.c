/* The block joins its members on every way out. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int worker(void *arg);

GRUVI_SWITCHPOINT int
run(gruvi_stream_t *stream)
{
    int value = 3, err = 0;

    GRUVI_WITH_GROUP(group)
    {
        err = gruvi_go(worker, &value);
        if (err == 0)
            err = gruvi_stream_shutdown(stream);
    }
    return err;
}
