/* A function that returns one. */
#include <gruvi.h>

typedef int (*handler_fn)(gruvi_stream_t *stream);

GRUVI_SWITCHPOINT int get(gruvi_stream_t *stream);
int none(gruvi_stream_t *stream);

handler_fn
handler_of(bool known)
{
    return known ? get : none; /* gruvi-pointer: 'get' */
}
