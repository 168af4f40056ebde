/* SPDX-License-Identifier: MIT */
/*
 * libuv handles and fibers: closing a handle, with a wait for it, and callbacks
 * that lead from a handle or a request to the switch back it points to.
 */
#include <gruvi/switch_back.h>

#include "base/list.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/schedule.h"
#include "core/thread.h"
#include "core/wait.h"

/* A gruvi_uv_close() that waits.  handle->data is the caller's, so the close
 * callback finds the fiber by the handle. */
struct closing {
    struct gruvi__list link;
    uv_handle_t *handle;
    gruvi_fiber_t *fiber;
    int closed;
};

static void
on_close(uv_handle_t *handle)
{
    struct gruvi__list *link, *all = &gruvi__self.hub->closings;
    struct closing *closing;

    /* libuv calls back in reverse order. */
    for (link = all->prev; link != all; link = link->prev) {
        closing = gruvi__list_entry(link, struct closing, link);
        if (closing->handle == handle) {
            gruvi__list_remove(link);
            closing->closed = 1;
            gruvi__ready(closing->fiber);
            return;
        }
    }
}

GRUVI_SWITCHPOINT int
gruvi_uv_close(uv_handle_t *handle)
{
    struct closing closing = {.handle = handle};
    int err = gruvi__enter_through(__func__, &closing.fiber);

    if (err < 0)
        return err;
    if (handle->loop != &closing.fiber->hub->loop)
        return UV_EPERM;
    if (uv_is_closing(handle))
        return UV_EALREADY;
    gruvi__list_add(&closing.fiber->hub->closings, &closing.link);
    uv_close(handle, on_close);
    gruvi__wait_through(closing.fiber, &closing.closed, "close");
    return 0;
}

static void
hand_over(void *data, intptr_t status)
{
    gruvi_switch_back_switch(data, (void *)status);
}

void
gruvi_on_timer(uv_timer_t *handle)
{
    hand_over(handle->data, 0);
}

void
gruvi_on_signal(uv_signal_t *handle, int signum)
{
    hand_over(handle->data, signum);
}

void
gruvi_on_fs(uv_fs_t *req)
{
    hand_over(req->data, req->result);
}

void
gruvi_on_connect(uv_connect_t *req, int status)
{
    hand_over(req->data, status);
}

void
gruvi_on_write(uv_write_t *req, int status)
{
    hand_over(req->data, status);
}

void
gruvi_on_shutdown(uv_shutdown_t *req, int status)
{
    hand_over(req->data, status);
}

void
gruvi_on_getaddrinfo(uv_getaddrinfo_t *req, int status, struct addrinfo *result)
{
    (void)result; /* it is req->addrinfo */
    hand_over(req->data, status);
}

void
gruvi_on_work(uv_work_t *req, int status)
{
    hand_over(req->data, status);
}
