/* SPDX-License-Identifier: MIT */
/*
 * Talking to a process: its input, output and errors have a fiber each, so that
 * neither side waits for the other.  The caller waits for the last of these
 * fibers, and then for the process.
 *
 *   caller                         fibers
 *   starts them
 *   waits for quiet <------------- the last fiber ends, or one fails
 *   waits for the process
 *   on failure: kills it, cancels the fibers, and waits for all, shielded;
 *   for the process no longer than PATIENCE
 */
#include <signal.h>

#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/switch_back.h>

#include "core/clock.h"
#include "core/wait.h"
#include "io/process/process.h"
#include "io/stream/stream.h"

/* Seconds for a process that was killed to be gone. */
#define PATIENCE 5.0

struct exchange {
    gruvi_process_t *process;
    gruvi_event_t quiet;
    unsigned left; /* fibers that have not ended */
    int err;       /* the first that a fiber met */
};

struct pump {
    struct exchange *exchange;
    gruvi_stream_t **stream; /* the process's; *stream is NULL once closed */
    gruvi_fiber_t *fiber;
    bool started;
    const void *input;
    size_t len;
    uv_buf_t *to;
    size_t got;
};

static void
end_pump(struct pump *pump, int err)
{
    struct exchange *exchange = pump->exchange;

    exchange->left--;
    if (err < 0 && exchange->err == 0)
        exchange->err = err;
    if (exchange->left == 0 || exchange->err < 0)
        gruvi_event_set(&exchange->quiet);
}

static bool
is_gone(int err)
{
    return err == UV_EPIPE || err == UV_ECONNRESET;
}

static GRUVI_SWITCHPOINT int
give_input(void *arg)
{
    struct pump *pump = arg;
    gruvi_stream_t *stream = *pump->stream;
    int err = UV_ECONNABORTED;

    if (stream != NULL)
        err = gruvi_stream_write(stream, pump->input, pump->len);
    if (err == 0)
        err = gruvi_stream_shutdown(stream);
    end_pump(pump, is_gone(err) || err == UV_ENOTCONN ? 0 : err);
    return 0;
}

/* When the caller's memory is full, one more byte tells whether it was enough.
 */
static GRUVI_SWITCHPOINT int
take_output(void *arg)
{
    struct pump *pump = arg;
    gruvi_stream_t *stream = *pump->stream;
    char rest[1024], *to;
    size_t room;
    ssize_t n;

    if (stream == NULL) {
        end_pump(pump, UV_ECONNABORTED);
        return 0;
    }
    do {
        room = pump->to == NULL ? 0 : pump->to->len - pump->got;
        to = room > 0 ? pump->to->base + pump->got : rest;
        if (room == 0)
            room = pump->to == NULL ? sizeof rest : 1;
        n = gruvi_stream_read(stream, to, room);
        if (n > 0 && to == rest && pump->to != NULL)
            n = UV_E2BIG;
        if (n > 0 && to != rest)
            pump->got += (size_t)n;
    } while (n > 0);
    end_pump(pump, is_gone((int)n) ? 0 : (int)n);
    return 0;
}

static void
unref_fibers(struct pump pumps[3])
{
    for (int i = 0; i < 3; i++)
        gruvi_fiber_unref(pumps[i].fiber);
}

/* Make all fibers before any is started. */
static int
prepare(struct exchange *exchange, struct pump pumps[3])
{
    for (int i = 0; i < 3; i++) {
        struct pump *pump = &pumps[i];

        pump->exchange = exchange;
        pump->stream = &exchange->process->streams[i];
        if (*pump->stream == NULL)
            continue;
        pump->fiber =
            gruvi_fiber_new(i == 0 ? give_input : take_output, pump, NULL);
        if (pump->fiber == NULL) {
            unref_fibers(pumps);
            return gruvi_last_error();
        }
    }
    return 0;
}

static int
begin(struct exchange *exchange, struct pump pumps[3])
{
    int err = 0;

    for (int i = 0; i < 3 && err == 0; i++) {
        if (pumps[i].fiber == NULL)
            continue;
        err = gruvi_fiber_start(pumps[i].fiber);
        pumps[i].started = err == 0;
        exchange->left += pumps[i].started;
    }
    if (exchange->left == 0)
        gruvi_event_set(&exchange->quiet);
    return err;
}

/* The timeout is for both waits. */
static int
await_end(struct exchange *exchange, gruvi_fiber_t *fiber, double timeout)
{
    uint64_t due = gruvi__clock_due(timeout);
    int err = gruvi__event_wait(&exchange->quiet, fiber, "process", timeout);

    if (err == 0)
        err = exchange->err;
    if (err < 0)
        return err;
    err =
        gruvi__process_await(exchange->process, fiber, gruvi__clock_left(due));
    gruvi__process_drop(exchange->process);
    return err;
}

/* Whether it can be expected to end.  It cannot where we may not kill it: it
 * runs as another user, say. */
static bool
kill_it(gruvi_process_t *p)
{
    int err = p->leads ? gruvi_process_kill_group(p, SIGKILL)
                       : gruvi_process_kill(p, SIGKILL);

    return err == 0 && gruvi_process_kill(p, 0) == 0;
}

/* A process that the kernel does not let go of, in an uninterruptible wait of a
 * dead network file system, say, ends by itself later or never.  Closing the
 * process ends the wait for it, too. */
static GRUVI_SWITCHPOINT void
give_up(struct exchange *exchange, struct pump pumps[3])
{
    gruvi_process_t *p = exchange->process;
    bool ends = kill_it(p);

    for (int i = 0; i < 3; i++)
        if (pumps[i].started)
            gruvi_fiber_cancel(pumps[i].fiber, "the process is killed");
    GRUVI_SHIELD {
        for (int i = 0; i < 3; i++)
            if (pumps[i].started)
                (void)gruvi_fiber_join(pumps[i].fiber, GRUVI_FOREVER);
        if (ends)
            (void)gruvi_event_wait(&p->finished, PATIENCE);
    }
}

static GRUVI_SWITCHPOINT int
run_exchange(gruvi_process_t *p, gruvi_fiber_t *fiber, struct pump pumps[3],
             double timeout)
{
    struct exchange exchange = {.process = p};
    int err;

    gruvi_event_init(&exchange.quiet);
    err = prepare(&exchange, pumps);
    if (err < 0)
        return err;
    err = begin(&exchange, pumps);
    if (err == 0)
        err = await_end(&exchange, fiber, timeout);
    if (err < 0)
        give_up(&exchange, pumps);
    unref_fibers(pumps);
    return err;
}

static int
check(const gruvi_process_t *p, size_t len, double timeout)
{
    int err = gruvi__process_check(p);

    if (err == 0)
        err = gruvi__timeout_check(timeout);
    if (err < 0)
        return err;
    for (int i = 0; i < 3; i++) {
        const gruvi_stream_t *s = p->streams[i];

        if (s != NULL && s->socket.side[i == 0 ? GRUVI__OUT : GRUVI__IN].fiber)
            return UV_EBUSY;
    }
    return len > 0 && p->streams[0] == NULL ? UV_EINVAL : 0;
}

GRUVI_SWITCHPOINT int
gruvi_process_communicate(gruvi_process_t *p, const void *input, size_t len,
                          uv_buf_t *out, uv_buf_t *err, double timeout)
{
    struct pump pumps[3] = {
        {.input = input, .len = len}, {.to = out}, {.to = err}};
    gruvi_fiber_t *fiber;
    int result = gruvi__enter(__func__, &fiber);

    if (result == 0)
        result = check(p, len, timeout);
    if (result == 0) {
        p->refs++;
        result = run_exchange(p, fiber, pumps, timeout);
        gruvi__process_drop(p);
    }
    if (out != NULL)
        out->len = pumps[1].got;
    if (err != NULL)
        err->len = pumps[2].got;
    return result;
}
