/* SPDX-License-Identifier: MIT */
/*
 * A fiber writes the comments, between the events of the handler: the lock is
 * held while either writes.  Where the handler's write waits there is no
 * comment.
 */
#include "events.h"

#include <string.h>

#include "wire.h"

#define CHUNKED_COMMENT "3\r\n:\n\n\r\n"
#define COMMENT         ":\n\n"

static GRUVI_SWITCHPOINT int
send_comment(struct http_work *work)
{
    const char *text = work->exchange.chunked ? CHUNKED_COMMENT : COMMENT;
    uv_buf_t buf = http_buf(text, strlen(text));

    return http_send(work, &buf, 1);
}

static GRUVI_SWITCHPOINT int
write_comments(void *arg)
{
    struct http_work *work = arg;
    struct http_exchange *x = &work->exchange;
    double pause = work->connection->hub->settings.event_comment;
    int err;

    for (;;) {
        err = gruvi_sleep(pause);
        if (err < 0)
            return err;
        if (gruvi_lock_try_acquire(&x->writes) < 0)
            continue;
        err = send_comment(work);
        gruvi_lock_release(&x->writes);
        if (err < 0)
            return err;
    }
}

int
http_events_begin(struct http_work *work)
{
    struct http_exchange *x = &work->exchange;
    gruvi_fiber_options_t options = {.name = "comments"};
    int err;

    if (work->connection->hub->settings.event_comment <= 0)
        return 0;
    err = gruvi_lock_init(&x->writes);
    if (err < 0)
        return err;
    x->comments = gruvi_spawn_ex(write_comments, work, &options);
    if (x->comments != NULL)
        return 0;
    gruvi_lock_destroy(&x->writes);
    return gruvi_last_error();
}

GRUVI_SWITCHPOINT int
http_events_enter(struct http_work *work)
{
    if (work->exchange.comments == NULL)
        return 0;
    return gruvi_lock_acquire(&work->exchange.writes, GRUVI_FOREVER);
}

void
http_events_leave(struct http_work *work)
{
    if (work->exchange.comments != NULL)
        gruvi_lock_release(&work->exchange.writes);
}

GRUVI_SWITCHPOINT void
http_events_end(struct http_work *work)
{
    struct http_exchange *x = &work->exchange;

    if (x->comments == NULL)
        return;
    gruvi_fiber_cancel(x->comments, "the events are over");
    GRUVI_SHIELD {
        gruvi_fiber_join(x->comments, GRUVI_FOREVER);
    }
    gruvi_fiber_unref(x->comments);
    x->comments = NULL;
    gruvi_lock_destroy(&x->writes);
}
