/* The whole hub sleeps. */
#include <unistd.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
poll_twice(gruvi_stream_t *stream)
{
    int err = gruvi_stream_write(stream, "?", 1);

    sleep(1); /* gruvi-blocking: gruvi_sleep */
    return err < 0 ? err : gruvi_stream_write(stream, "?", 1);
}
