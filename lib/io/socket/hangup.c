/* SPDX-License-Identifier: MIT */
/* See hangup.h. */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <gruvi/error.h>
#include <gruvi/hub.h>
#include <gruvi/poll.h>

#include "base/descriptor.h"
#include "core/hub.h"
#include "io/socket/hangup.h"
#include "io/socket/starving.h"

#define BATCH 16

/* Of the hub of this thread; valid while sockets are in it. */
static __thread struct {
    gruvi_hub_t *hub; /* NULL: there is no set */
    gruvi_watch_t *watch;
    int fd;
    struct gruvi__list sockets;
    struct gruvi__hub_end end;
} set;

/* No socket leaves the set meanwhile: what is heard makes fibers ready, and
 * runs none. */
static void
on_events(int fd, int events, void *arg)
{
    struct epoll_event heard[BATCH];
    struct gruvi__hangup *hangup;
    int n;

    (void)events;
    (void)arg;
    do {
        n = epoll_wait(fd, heard, BATCH, 0);
        for (int i = 0; i < n; i++) {
            hangup = heard[i].data.ptr;
            hangup->heard(hangup, heard[i].events);
        }
    } while (n == BATCH);
}

static void
close_set(void)
{
    if (set.watch != NULL)
        gruvi_poll_remove(gruvi_hub_poll(set.hub), set.watch);
    gruvi__list_remove(&set.end.link);
    close(set.fd);
    set.hub = NULL;
    set.watch = NULL;
    gruvi__descriptor_closed();
}

static void
on_hub_end(struct gruvi__hub_end *end)
{
    (void)end;
    while (gruvi__list_pop(&set.sockets) != NULL)
        continue;
    close_set();
}

static int
open_set(gruvi_hub_t *hub)
{
    int err;

    if (set.hub != NULL)
        return 0;
    set.fd = gruvi__fd_own(epoll_create1(EPOLL_CLOEXEC));
    if (set.fd < 0)
        return uv_translate_sys_error(errno);
    set.hub = hub;
    set.end.run = on_hub_end;
    gruvi__list_init(&set.end.link);
    gruvi__list_init(&set.sockets);
    err = gruvi__hub_add_end(hub, &set.end);
    if (err == 0) {
        set.watch = gruvi_poll_add(gruvi_hub_poll(hub), set.fd, UV_READABLE,
                                   on_events, NULL);
        if (set.watch == NULL)
            err = gruvi_last_error();
    }
    if (err < 0)
        close_set();
    return err;
}

int
gruvi__hangup_begin(struct gruvi__hangup *hangup, gruvi_hub_t *hub, int fd)
{
    struct epoll_event wanted = {.events = EPOLLRDHUP | EPOLLET,
                                 .data.ptr = hangup};
    int err = open_set(hub);

    if (err < 0)
        return err;
    hangup->fd = fd;
    if (epoll_ctl(set.fd, EPOLL_CTL_ADD, fd, &wanted) < 0) {
        err = uv_translate_sys_error(errno);
        if (gruvi__list_empty(&set.sockets))
            close_set();
        return err;
    }
    gruvi__list_add(&set.sockets, &hangup->link);
    return 0;
}

void
gruvi__hangup_end(struct gruvi__hangup *hangup)
{
    if (gruvi__list_empty(&hangup->link))
        return;
    epoll_ctl(set.fd, EPOLL_CTL_DEL, hangup->fd, NULL);
    gruvi__list_remove(&hangup->link);
    if (gruvi__list_empty(&set.sockets))
        close_set();
}
