/* What destroys the data of a stream must not switch. */
#include <stdlib.h>

#include <gruvi.h>

static void
destroy(void *data)
{
    (void)gruvi_sleep(0.0); /* gruvi-no-switch: 'destroy' */
    free(data);
}

void
attach(gruvi_stream_t *stream)
{
    gruvi_stream_set_data(stream, malloc(1), destroy);
}
