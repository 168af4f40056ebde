/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#define READ 65536 /* bytes of a read */

/* Room for an operation of need bytes. */
static bool
make_room(struct nats_reader *in, size_t need)
{
    size_t room = need < READ ? READ : need;
    char *data;

    if (in->start > 0)
        memmove(in->data, in->data + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
    /* What a large message took is given back. */
    if (room <= in->room && (in->room == READ || in->end > 0 || room > READ))
        return true;
    data = realloc(in->data, room);
    if (data == NULL)
        return false;
    in->data = data;
    in->room = room;
    return true;
}

GRUVI_SWITCHPOINT int
nats_reader_read(struct nats_reader *in, gruvi_stream_t *stream, size_t need)
{
    ssize_t n;

    if (!make_room(in, need))
        return UV_ENOMEM;
    n = gruvi_stream_read(stream, in->data + in->end, in->room - in->end);
    if (n <= 0)
        return n == 0 ? UV_EOF : (int)n;
    in->end += (size_t)n;
    return 0;
}

ssize_t
nats_reader_take(struct nats_reader *in, struct nats_input *input, size_t *need)
{
    ssize_t n;

    *need = 1;
    if (in->end == in->start)
        return 0;
    n = nats_parse(in->data + in->start, in->end - in->start, input, need);
    if (n > 0)
        in->start += (size_t)n;
    return n;
}
