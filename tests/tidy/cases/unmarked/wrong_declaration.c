/* The definition is marked, but users see the declaration. */
#include <gruvi.h>

int fetch(gruvi_stream_t *stream); /* gruvi-unmarked: declaration of 'fetch' */

GRUVI_SWITCHPOINT int
fetch(gruvi_stream_t *stream)
{
    return gruvi_stream_shutdown(stream);
}
