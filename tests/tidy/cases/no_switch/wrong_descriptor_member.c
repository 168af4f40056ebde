/* Members of a transport without the mark must not switch. */
#include <gruvid/transport.h>

static void
reset(void *exchange, int why)
{
    (void)why;
    (void)gruvi_stream_shutdown(exchange); /* gruvi-no-switch: 'reset' */
}

const gruvid_transport_t transport = {.size = sizeof transport, .reset = reset};
