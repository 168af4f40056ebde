/* SPDX-License-Identifier: MIT */
/*
 * A callback of the hub runs when all fibers have run that were about to. Where
 * there are streams or output by then that nobody answers or writes, as a
 * handler waits for something, it starts fibers for them.
 */
#include "h2_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "h2_session.h"
#include "h2_stream.h"
#include "h2_worker.h"

/* Bytes of a frame of default size, with its head. */
#define FRAME (16384 + 9)

/* Bytes that are written at once, at most; a frame that nghttp2 has made fits
 * behind them. */
#define FULL 49152

/* --- memory --------------------------------------------------------------- */

static char *
buffer_take(struct h2_hub *hub)
{
    if (hub->n_spare_out > 0)
        return hub->spare_out[--hub->n_spare_out];
    return malloc(FULL + FRAME);
}

static void
buffer_give(struct h2_hub *hub, char *buffer)
{
    size_t most = sizeof hub->spare_out / sizeof hub->spare_out[0];

    if (buffer != NULL && hub->n_spare_out < most)
        hub->spare_out[hub->n_spare_out++] = buffer;
    else
        free(buffer);
}

void
h2_output_forget(struct h2_hub *hub)
{
    while (hub->n_spare_out > 0)
        free(hub->spare_out[--hub->n_spare_out]);
}

/* --- from nghttp2 --------------------------------------------------------- */

void
h2_wake(struct h2 *h2)
{
    if (!h2->reads || h2->woken)
        return;
    h2->woken = true;
    gruvi_fiber_cancel(h2->reader, "the connection has changed");
}

void
h2_break(struct h2 *h2)
{
    if (h2->broken)
        return;
    h2->broken = true;
    h2->out_length = 0;
    if (h2->stream != NULL)
        shutdown(gruvi_stream_fd(h2->stream), SHUT_RDWR);
    h2_wake(h2);
}

int
h2_send_data(nghttp2_session *session, nghttp2_frame *frame,
             const uint8_t *head, size_t length, nghttp2_data_source *source,
             void *arg)
{
    struct h2 *h2 = arg;
    struct h2_stream *stream = source->ptr;
    char *to = h2->out + h2->out_length;

    (void)session;
    if (h2->out_length + 9 + length > FULL)
        return NGHTTP2_ERR_WOULDBLOCK;
    /* Whoever writes has given up since. */
    if (stream->left < length)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    memcpy(to, head, 9);
    if (length > 0) {
        memcpy(to + 9, stream->data, length);
        stream->data += length;
    }
    h2->out_length += 9 + length;
    stream->left -= length;
    stream->sent += length;
    if (stream->left == 0)
        gruvi_event_set(&stream->drained);
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        h2_stream_sent(stream, false, true);
    return 0;
}

static void
fill(struct h2 *h2)
{
    const uint8_t *data;
    ssize_t n = 0;

    if (h2->out == NULL && !h2->broken)
        h2->out = buffer_take(h2_hub(h2));
    if (h2->out == NULL)
        h2_break(h2);
    while (!h2->broken && h2->out_length < FULL) {
        n = nghttp2_session_mem_send(h2->session, &data);
        if (n <= 0)
            break;
        memcpy(h2->out + h2->out_length, data, (size_t)n);
        h2->out_length += (size_t)n;
    }
    if (n < 0)
        h2_break(h2);
    h2_session_check(h2);
}

/* --- to the socket -------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
send_out(struct h2 *h2, double timeout)
{
    struct http_connection *connection = h2->connection;
    bool counts = h2->reader != NULL;
    char *out = h2->out;
    size_t length = h2->out_length;
    int err;

    h2->out = NULL;
    h2->out_length = 0;
    if (counts)
        http_wait(connection, HTTP_WRITING);
    gruvi_stream_set_timeout(h2->stream, timeout);
    err = gruvi_stream_write(h2->stream, out, length);
    if (counts && h2->connection != NULL)
        http_wait(connection, HTTP_BUSY);
    if (h2->out == NULL)
        h2->out = out;
    else
        buffer_give(h2_hub(h2), out);
    return err;
}

static GRUVI_SWITCHPOINT void
write_all(struct h2 *h2, double timeout)
{
    for (fill(h2); h2->out_length > 0 && !h2->broken; fill(h2))
        if (send_out(h2, timeout) < 0)
            h2_break(h2);
    buffer_give(h2_hub(h2), h2->out);
    h2->out = NULL;
}

/* Let the fibers of this turn run.  Returns whether this one was cancelled: a
 * cancel that comes then does not end the sleep, but the next wait. */
static GRUVI_SWITCHPOINT bool
cancelled_in_turn(void)
{
    return gruvi_sleep(0) < 0 || gruvi_fiber_cancelled(gruvi_current_fiber());
}

GRUVI_SWITCHPOINT void
h2_write(struct h2 *h2, bool turn, double timeout)
{
    if (h2->writes || h2->broken)
        return;
    h2->writes = true;
    h2->refs++;
    /* A cancel would end the write, and break the connection: another fiber
     * writes. */
    if (turn && cancelled_in_turn()) {
        h2->writes = false;
        h2_flush(h2);
    } else {
        write_all(h2, timeout);
        h2->writes = false;
    }
    if (h2->over)
        gruvi_event_set(&h2->ended);
    if (h2->running == 0 && (h2->reads_long || h2->drain == H2_LEAVES))
        h2_wake(h2);
    h2_unref(h2);
}

static GRUVI_SWITCHPOINT int
writer(void *arg)
{
    h2_write(arg, false, GRUVI_FOREVER);
    return 0;
}

static void
forget(struct h2 *h2)
{
    if (h2->waiting_link == NULL)
        return;
    *h2->waiting_link = h2->waiting;
    if (h2->waiting != NULL)
        h2->waiting->waiting_link = h2->waiting_link;
    h2->waiting_link = NULL;
}

static void
start_writer(struct h2 *h2)
{
    gruvi_fiber_t *fiber;

    if (h2->writes || h2->broken || h2->group == NULL || h2->out_length == 0)
        return;
    fiber = gruvi_group_spawn(h2->group, writer, h2);
    if (fiber == NULL)
        h2_break(h2);
    else
        gruvi_fiber_unref(fiber);
}

static void
on_turn(void *arg)
{
    struct http_hub *shared = arg;
    struct h2_hub *hub = shared->h2;

    hub->looks = false;
    hub->turns++;
    while (hub->waiting != NULL) {
        struct h2 *h2 = hub->waiting;
        forget(h2);
        h2_worker_look(h2);
        start_writer(h2);
    }
}

void
h2_output_look(struct h2 *h2)
{
    struct h2_hub *hub = h2_hub(h2);

    if (h2->waiting_link != NULL)
        return;
    if (!hub->looks &&
        gruvi_hub_run_callback(gruvi_get_hub(), on_turn, h2->hub) < 0) {
        h2_worker_look(h2);
        start_writer(h2);
        return;
    }
    hub->looks = true;
    h2->waiting = hub->waiting;
    h2->waiting_link = &hub->waiting;
    if (h2->waiting != NULL)
        h2->waiting->waiting_link = &h2->waiting;
    hub->waiting = h2;
}

void
h2_flush(struct h2 *h2)
{
    fill(h2);
    if (h2->out_length > 0 && !h2->writes)
        h2_output_look(h2);
}

void
h2_write_last(struct h2 *h2)
{
    if (h2->writes || h2->broken)
        return;
    fill(h2);
    if (h2->out_length > 0)
        gruvi_stream_try_write(h2->stream, h2->out, h2->out_length);
    h2->broken = true;
}

void
h2_output_end(struct h2 *h2)
{
    forget(h2);
    if (!h2->writes) {
        buffer_give(h2_hub(h2), h2->out);
        h2->out = NULL;
        h2->out_length = 0;
    }
}
