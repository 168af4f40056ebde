/* SPDX-License-Identifier: MIT */
/*
 * An echo server of libuv, as fast as libuv goes: one static buffer, and
 * uv_try_write(), which does without a request.  A message that begins with a b
 * is answered after 5 ms of work that blocks.
 */
#include <unistd.h>

#include <uv.h>

#include "bench/bench.h"

struct work {
    uv_work_t work;
    uv_stream_t *stream;
    size_t length;
    char data[64];
};

static char buffer[16384];

static void
on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(buffer, sizeof buffer);
}

static void
answer(uv_stream_t *stream, char *data, size_t length)
{
    uv_buf_t buf = uv_buf_init(data, (unsigned)length);

    if (uv_try_write(stream, &buf, 1) != (int)length &&
        !uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, on_closed);
}

static void
do_work(uv_work_t *work)
{
    (void)work;
    usleep(5000);
}

static void
after_work(uv_work_t *request, int status)
{
    struct work *work = (struct work *)request;

    (void)status;
    answer(work->stream, work->data, work->length);
    free(work);
}

static void
begin_work(uv_stream_t *stream, const char *data, size_t length)
{
    struct work *work = malloc(sizeof *work);

    bench_check(work != NULL && length <= sizeof work->data, "work");
    work->stream = stream;
    work->length = length;
    memcpy(work->data, data, length);
    uv_queue_work(stream->loop, &work->work, do_work, after_work);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    if (n < 0)
        uv_close((uv_handle_t *)stream, on_closed);
    else if (n > 0 && buf->base[0] == 'b')
        begin_work(stream, buf->base, (size_t)n);
    else if (n > 0)
        answer(stream, buf->base, (size_t)n);
}

static void
on_connection(uv_stream_t *listener, int status)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);

    bench_check(tcp != NULL && status == 0, "a connection");
    uv_tcp_init(listener->loop, tcp);
    bench_check(uv_accept(listener, (uv_stream_t *)tcp) == 0, "uv_accept");
    uv_read_start((uv_stream_t *)tcp, on_alloc, on_read);
}

int
main(void)
{
    struct sockaddr_storage at;
    int length = sizeof at;
    uv_tcp_t listener;

    setenv("UV_THREADPOOL_SIZE", "4", 1);
    uv_tcp_init(uv_default_loop(), &listener);
    uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)&at);
    bench_check(uv_tcp_bind(&listener, (void *)&at, 0) == 0, "bind");
    bench_check(uv_listen((uv_stream_t *)&listener, 1024, on_connection) == 0,
                "listen");
    uv_tcp_getsockname(&listener, (void *)&at, &length);
    printf("tcp://127.0.0.1:%d\n",
           ntohs(((struct sockaddr_in *)&at)->sin_port));
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
