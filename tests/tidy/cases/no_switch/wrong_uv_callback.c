/* libuv's callbacks run in the hub. */
#include <gruvi.h>

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    gruvi_stream_t *stream = poll->data;

    if (status == 0 && (events & UV_READABLE) != 0)
        (void)gruvi_stream_write(stream, "x", 1); /* gruvi-no-switch: libuv callback */
}

int
watch(uv_poll_t *poll)
{
    return uv_poll_start(poll, UV_READABLE, on_readable);
}
