/* The result is looked at, and then the loop goes on. */
#include <stdio.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
accept_all(gruvi_listener_t *listener, gruvi_connection_fn handler)
{
    for (;;) { /* gruvi-ignored: no exit */
        gruvi_stream_t *stream;
        int err = gruvi_accept(listener, &stream, GRUVI_FOREVER);

        if (err < 0) {
            printf("accept: %s\n", gruvi_strerror(err));
            continue;
        }
        (void)handler(stream, NULL);
        gruvi_stream_close(stream);
    }
    return 0;
}
