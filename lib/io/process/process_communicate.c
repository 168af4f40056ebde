/* SPDX-License-Identifier: MIT */
/*
 * Talking to a process: a fiber each for its input, output and errors, so that
 * neither side waits for the other, and the caller, who waits for the last of
 * them, then for the process.
 *
 *   caller                         fibers
 *   starts them
 *   waits for quiet <------------- the last one ends, or one fails
 *   waits for the process
 *   not so: kills it, cancels them, and waits for all, shielded
 */
#include <signal.h>

#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/switch_back.h>

#include "core/clock.h"
#include "core/wait.h"
#include "io/process/process.h"
#include "io/stream/stream.h"

struct talk {
    gruvi_process_t *process;
    gruvi_event_t quiet;
    unsigned left; /* fibers that have not come to their end */
    int err;       /* the first error of one of them */
};

struct part {
    struct talk *talk;
    gruvi_stream_t *stream; /* NULL: this part is not there */
    gruvi_fiber_t *fiber;
    bool started;
    const void *input;
    size_t len;
    uv_buf_t *to;
    size_t got;
};

static void
end_part(struct part *part, int err)
{
    struct talk *talk = part->talk;

    talk->left--;
    if (err < 0 && talk->err == 0)
        talk->err = err;
    if (talk->left == 0 || talk->err < 0)
        gruvi_event_set(&talk->quiet);
}

static bool
is_gone(int err)
{
    return err == UV_EPIPE || err == UV_ECONNRESET;
}

static int
give_input(void *arg)
{
    struct part *part = arg;
    int err = gruvi_stream_write(part->stream, part->input, part->len);

    if (err == 0)
        err = gruvi_stream_shutdown(part->stream);
    end_part(part, is_gone(err) || err == UV_ENOTCONN ? 0 : err);
    return 0;
}

/* Where all of the memory is full, one byte more tells whether that was all. */
static int
take_output(void *arg)
{
    struct part *part = arg;
    char rest[1024], *to;
    size_t room;
    ssize_t n;

    do {
        room = part->to == NULL ? 0 : part->to->len - part->got;
        to = room > 0 ? part->to->base + part->got : rest;
        if (room == 0)
            room = part->to == NULL ? sizeof rest : 1;
        n = gruvi_stream_read(part->stream, to, room);
        if (n > 0 && to == rest && part->to != NULL)
            n = UV_E2BIG;
        if (n > 0 && to != rest)
            part->got += (size_t)n;
    } while (n > 0);
    end_part(part, is_gone((int)n) ? 0 : (int)n);
    return 0;
}

static void
let_go(struct part parts[3])
{
    for (int i = 0; i < 3; i++)
        gruvi_fiber_unref(parts[i].fiber);
}

/* Make the fibers, and start none unless there are all. */
static int
prepare(struct talk *talk, struct part parts[3])
{
    for (int i = 0; i < 3; i++) {
        struct part *part = &parts[i];

        part->talk = talk;
        part->stream = talk->process->streams[i];
        if (part->stream == NULL)
            continue;
        part->fiber =
            gruvi_fiber_new(i == 0 ? give_input : take_output, part, NULL);
        if (part->fiber == NULL) {
            let_go(parts);
            return gruvi_last_error();
        }
    }
    return 0;
}

static int
begin(struct talk *talk, struct part parts[3])
{
    int err = 0;

    for (int i = 0; i < 3 && err == 0; i++) {
        if (parts[i].fiber == NULL)
            continue;
        err = gruvi_fiber_start(parts[i].fiber);
        parts[i].started = err == 0;
        talk->left += parts[i].started;
    }
    if (talk->left == 0)
        gruvi_event_set(&talk->quiet);
    return err;
}

/* The timeout is for both waits. */
static int
await_end(struct talk *talk, gruvi_fiber_t *fiber, double timeout)
{
    uint64_t due = gruvi__clock_due(timeout);
    int err = gruvi__event_wait(&talk->quiet, fiber, "process", timeout);

    if (err == 0)
        err = talk->err;
    if (err < 0)
        return err;
    err = gruvi__process_await(talk->process, fiber, gruvi__clock_left(due));
    gruvi__process_drop(talk->process);
    return err;
}

/* It is not waited for where it was closed: then it is nobody's. */
static void
give_up(struct talk *talk, struct part parts[3])
{
    gruvi_process_t *p = talk->process;

    if (p->leads)
        gruvi_process_kill_group(p, SIGKILL);
    else
        gruvi_process_kill(p, SIGKILL);
    for (int i = 0; i < 3; i++)
        if (parts[i].started)
            gruvi_fiber_cancel(parts[i].fiber, "the process is killed");
    GRUVI_SHIELD {
        for (int i = 0; i < 3; i++)
            if (parts[i].started)
                gruvi_fiber_join(parts[i].fiber, GRUVI_FOREVER);
        gruvi_event_wait(&p->finished, GRUVI_FOREVER);
    }
}

static int
talk_to(gruvi_process_t *p, gruvi_fiber_t *fiber, struct part parts[3],
        double timeout)
{
    struct talk talk = {.process = p};
    int err;

    gruvi_event_init(&talk.quiet);
    err = prepare(&talk, parts);
    if (err < 0)
        return err;
    err = begin(&talk, parts);
    if (err == 0)
        err = await_end(&talk, fiber, timeout);
    if (err < 0)
        give_up(&talk, parts);
    let_go(parts);
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
    struct part parts[3] = {
        {.input = input, .len = len}, {.to = out}, {.to = err}};
    gruvi_fiber_t *fiber;
    int result = gruvi__enter(__func__, &fiber);

    if (result == 0)
        result = check(p, len, timeout);
    if (result == 0) {
        p->refs++;
        result = talk_to(p, fiber, parts, timeout);
        gruvi__process_drop(p);
    }
    if (out != NULL)
        out->len = parts[1].got;
    if (err != NULL)
        err->len = parts[2].got;
    return result;
}
