/* SPDX-License-Identifier: MIT */
/*
 * A fiber writes the comments, between the events of the handler: the lock is
 * held while either writes.  Where the handler's write waits there is no
 * comment.
 *
 * A handler may send events for ever, and would keep the drain waiting for its
 * whole time.  Handlers that look for the drain themselves have GRACE to end.
 */
#include "comments.h"

#define GRACE 1.0 /* seconds */

static GRUVI_SWITCHPOINT int
end_events(struct http_comments *comments)
{
    int err = gruvi_sleep(GRACE);

    if (err == 0)
        gruvi_fiber_cancel(comments->caller, "the events end: a drain");
    return err;
}

static GRUVI_SWITCHPOINT int
write_comments(void *arg)
{
    struct http_comments *comments = arg;
    int err;

    for (;;) {
        err = gruvi_event_wait(gruvid_plugin_drain_event(comments->plugin),
                               comments->pause);
        if (err == 0)
            return end_events(comments);
        if (err != UV_ETIMEDOUT)
            return err;
        if (gruvi_lock_try_acquire(&comments->writes) < 0)
            continue;
        err = comments->write(comments->arg);
        gruvi_lock_release(&comments->writes);
        /* It is the client's failure, not that of a fiber of the plugin. */
        if (err < 0)
            return 0;
    }
}

int
http_comments_begin(struct http_comments *comments, gruvid_plugin_t *plugin,
                    double pause, int (*write)(void *arg), void *arg)
{
    gruvi_fiber_options_t options = {.name = "comments"};
    int err;

    err = gruvi_lock_init(&comments->writes);
    if (err < 0)
        return err;
    comments->plugin = plugin;
    comments->pause = pause > 0 ? pause : GRUVI_FOREVER;
    comments->write = write;
    comments->arg = arg;
    comments->caller = gruvi_fiber_ref(gruvi_current_fiber());
    comments->fiber = gruvi_spawn_ex(write_comments, comments, &options);
    if (comments->fiber != NULL)
        return 0;
    gruvi_fiber_unref(comments->caller);
    gruvi_lock_destroy(&comments->writes);
    return gruvi_last_error();
}

GRUVI_SWITCHPOINT int
http_comments_enter(struct http_comments *comments)
{
    if (comments->fiber == NULL)
        return 0;
    return gruvi_lock_acquire(&comments->writes, GRUVI_FOREVER);
}

void
http_comments_leave(struct http_comments *comments)
{
    if (comments->fiber != NULL)
        gruvi_lock_release(&comments->writes);
}

GRUVI_SWITCHPOINT void
http_comments_end(struct http_comments *comments)
{
    if (comments->fiber == NULL)
        return;
    gruvi_fiber_cancel(comments->fiber, "the events are over");
    GRUVI_SHIELD {
        (void)gruvi_fiber_join(comments->fiber, GRUVI_FOREVER);
    }
    gruvi_fiber_unref(comments->fiber);
    gruvi_fiber_unref(comments->caller);
    comments->fiber = NULL;
    gruvi_lock_destroy(&comments->writes);
}
