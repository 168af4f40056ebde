/* SPDX-License-Identifier: MIT */
/*
 * The poller: many watches on one descriptor, one libuv handle for them.
 *
 *   table[fd] -> entry: uv_poll_t, watches -> watch, watch, ...
 *
 * The handle asks for what all watches together ask for, and is only touched
 * when that changes: starting it again costs system calls.  An entry goes with
 * its last watch; libuv forgets the descriptor at once, and the memory when its
 * close callback runs.
 *
 * Sockets of the library do without: see poll_set.c.
 *
 * libuv gives a descriptor to epoll when the loop runs next, and aborts where
 * that fails: where it was closed in the meantime, or its number is now a
 * file's.  So just before the loop runs, descriptors are given to epoll here,
 * where an error is an error of the watches (gruvi__poller_check()).  Where the
 * kernel has no room for another descriptor, it is asked again after a while: a
 * watch that nobody looks at again would never hear anything.
 *
 * A watch may be removed while the callbacks of its descriptor run: it is
 * taken off at once and freed when they have returned.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <gruvi/error.h>
#include <gruvi/log.h>

#include "base/list.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/poll.h"
#include "core/schedule.h"
#include "core/thread.h"
#include "core/wait.h"

#define EVENTS (UV_READABLE | UV_WRITABLE)

/* Seconds. */
#define AGAIN_AFTER 0.1

struct gruvi_watch {
    struct gruvi__list link; /* on entry->watches, or poller->removed */
    struct entry *entry;     /* NULL: removed */
    gruvi_poll_fn fn;
    void *arg;
    uint8_t events;
    bool in_entry, in_use; /* it is entry->first; which is a watch now */
    unsigned round;        /* of the last dispatch that was its own */
};

/* What an event needs comes one after another, behind what libuv needs: each
 * event of thousands of sockets finds it in no cache. */
struct entry {
    uv_poll_t handle; /* first: the close callback frees by it */
    gruvi_poller_t *poller;
    struct gruvi__list watches;
    int fd;
    int events;                        /* what the handle asks for */
    int err;                           /* epoll refuses the descriptor */
    struct gruvi_watch first;          /* most descriptors have one watch */
    struct gruvi__list unchecked_link; /* on poller->unchecked, or on none */
};

struct gruvi_poller {
    gruvi_hub_t *hub;
    struct entry **table; /* by descriptor */
    int table_size;
    unsigned round;
    int depth; /* of dispatches */
    struct gruvi__list removed;
    struct gruvi__list
        unchecked; /* entries that libuv has not given to epoll */
    struct gruvi__deadline again; /* for those that epoll had no room for */
};

static void on_again(struct gruvi__deadline *deadline);

gruvi_poller_t *
gruvi__poller_new(gruvi_hub_t *hub)
{
    gruvi_poller_t *poller = calloc(1, sizeof *poller);

    if (poller == NULL)
        return NULL;
    poller->hub = hub;
    gruvi__list_init(&poller->removed);
    gruvi__list_init(&poller->unchecked);
    poller->again.fire = on_again;
    return poller;
}

static void
on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void
drop_entry(struct entry *entry)
{
    if (entry->poller->table[entry->fd] == entry)
        entry->poller->table[entry->fd] = NULL;
    gruvi__list_remove(&entry->unchecked_link);
    uv_close((uv_handle_t *)&entry->handle, on_closed);
}

static void
free_watch(gruvi_watch_t *watch)
{
    if (watch->in_entry)
        watch->in_use = false;
    else
        free(watch);
}

static void
free_watches(struct gruvi__list *list)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(list)) != NULL)
        free_watch(gruvi__list_entry(link, gruvi_watch_t, link));
}

/* The loop still has to run for the handles. */
void
gruvi__poller_free(gruvi_poller_t *poller)
{
    struct entry *entry;
    int fd;

    gruvi__deadline_disarm(poller->hub, &poller->again);
    for (fd = 0; fd < poller->table_size; fd++) {
        entry = poller->table[fd];
        if (entry == NULL)
            continue;
        if (!gruvi__list_empty(&entry->watches))
            gruvi_warning("the hub closes watches that were left on descriptor"
                          " %d",
                          fd);
        free_watches(&entry->watches);
        drop_entry(entry);
    }
    free_watches(&poller->removed);
    free(poller->table);
    free(poller);
}

static gruvi_watch_t *
next_of_round(struct entry *entry, unsigned round)
{
    struct gruvi__list *link;
    gruvi_watch_t *watch;

    for (link = entry->watches.next; link != &entry->watches;
         link = link->next) {
        watch = gruvi__list_entry(link, gruvi_watch_t, link);
        if (watch->round != round)
            return watch;
    }
    return NULL;
}

static void on_events(uv_poll_t *handle, int status, int events);

/* Have the handle ask for what the watches ask for. */
static int
adjust(struct entry *entry)
{
    struct gruvi__list *link;
    int events = 0, err;

    for (link = entry->watches.next; link != &entry->watches; link = link->next)
        events |= gruvi__list_entry(link, gruvi_watch_t, link)->events;
    if (events == entry->events)
        return 0;
    if (entry->err < 0)
        return entry->err;
    err = events == 0 ? uv_poll_stop(&entry->handle)
                      : uv_poll_start(&entry->handle, events, on_events);
    entry->events = err < 0 ? 0 : events;
    gruvi__list_remove(&entry->unchecked_link);
    if (entry->events != 0)
        gruvi__list_add(&entry->poller->unchecked, &entry->unchecked_link);
    return err;
}

/*
 * Callbacks may add and remove watches of this descriptor, even all of them,
 * so each step looks from the start for a watch not called yet.  Watches that
 * were called go to the end of the list, which keeps that step short.
 */
static void
on_events(uv_poll_t *handle, int status, int events)
{
    struct entry *entry = (struct entry *)handle;
    gruvi_poller_t *poller = entry->poller;
    unsigned round = ++poller->round;
    gruvi_watch_t *watch;
    int fd = entry->fd, came;

    poller->depth++;
    if (status < 0)
        entry->events = 0; /* libuv has stopped the handle */
    while (poller->table[fd] == entry &&
           (watch = next_of_round(entry, round)) != NULL) {
        watch->round = round;
        gruvi__list_remove(&watch->link);
        gruvi__list_add(&entry->watches, &watch->link);
        came = status < 0 ? watch->events : watch->events & events;
        if (came != 0)
            watch->fn(fd, came, watch->arg);
    }
    if (status < 0 && poller->table[fd] == entry)
        adjust(entry);
    if (--poller->depth == 0)
        free_watches(&poller->removed);
}

/* Have epoll take the descriptor; libuv then finds it there. */
static int
try_epoll(const struct entry *entry)
{
    struct epoll_event event = {.data.fd = entry->fd};

    if (epoll_ctl(uv_backend_fd(&entry->poller->hub->loop), EPOLL_CTL_ADD,
                  entry->fd, &event) == 0 ||
        errno == EEXIST)
        return 0;
    return uv_translate_sys_error(errno);
}

/* Whether the kernel may take it later. */
static bool
is_short(int err)
{
    return err == UV_ENOMEM || err == UV_ENOSPC;
}

/* The watches hear of the error, and may go. */
static void
refuse(gruvi_poller_t *poller, struct entry *entry)
{
    int fd = entry->fd;

    uv_poll_stop(&entry->handle);
    on_events(&entry->handle, entry->err, 0);
    if (poller->table[fd] == entry && is_short(entry->err) &&
        !gruvi__deadline_armed(&poller->again))
        gruvi__deadline_arm(poller->hub, &poller->again,
                            gruvi__clock_due(AGAIN_AFTER));
}

void
gruvi__poller_check(gruvi_poller_t *poller)
{
    struct gruvi__list *link;

    while ((link = gruvi__list_pop(&poller->unchecked)) != NULL) {
        struct entry *entry =
            gruvi__list_entry(link, struct entry, unchecked_link);

        entry->err = try_epoll(entry);
        if (entry->err < 0)
            refuse(poller, entry);
    }
}

static void
on_again(struct gruvi__deadline *deadline)
{
    gruvi_poller_t *poller = gruvi__list_entry(deadline, gruvi_poller_t, again);

    for (int fd = 0; fd < poller->table_size; fd++) {
        struct entry *entry = poller->table[fd];

        if (entry != NULL && is_short(entry->err)) {
            entry->err = 0;
            adjust(entry);
        }
    }
}

static int
grow_table(gruvi_poller_t *poller, int fd)
{
    struct entry **table;
    int size = poller->table_size == 0 ? 64 : poller->table_size;

    if (fd < poller->table_size)
        return 0;
    while (size <= fd)
        size *= 2;
    table = realloc(poller->table, (size_t)size * sizeof *table);
    if (table == NULL)
        return UV_ENOMEM;
    memset(table + poller->table_size, 0,
           (size_t)(size - poller->table_size) * sizeof *table);
    poller->table = table;
    poller->table_size = size;
    return 0;
}

/* Checks that the descriptor can be polled, and makes it non-blocking. */
static int
new_entry(gruvi_poller_t *poller, int fd, struct entry **out)
{
    struct entry *entry = calloc(1, sizeof *entry);
    int err;

    if (entry == NULL)
        return UV_ENOMEM;
    err = uv_poll_init(&poller->hub->loop, &entry->handle, fd);
    if (err < 0) {
        free(entry);
        return err;
    }
    entry->poller = poller;
    entry->fd = fd;
    gruvi__list_init(&entry->watches);
    gruvi__list_init(&entry->unchecked_link);
    *out = entry;
    return 0;
}

/* Others wait for a descriptor of that number; since then it may have been
 * closed, and be another one. */
static void
forget_state(struct entry *entry)
{
    entry->err = 0;
    entry->events = -1;
}

static int
get_entry(gruvi_poller_t *poller, int fd, struct entry **out)
{
    int err = grow_table(poller, fd);

    if (err < 0)
        return err;
    *out = poller->table[fd];
    if (*out != NULL) {
        forget_state(*out);
        return 0;
    }
    err = new_entry(poller, fd, out);
    if (err == 0)
        poller->table[fd] = *out;
    return err;
}

static gruvi_watch_t *
new_watch(gruvi_poller_t *poller, struct entry *entry, int events,
          gruvi_poll_fn fn, void *arg)
{
    gruvi_watch_t *watch = &entry->first;
    bool in_entry = !watch->in_use;

    if (!in_entry)
        watch = malloc(sizeof *watch);
    if (watch == NULL)
        return gruvi__fail(UV_ENOMEM);
    *watch = (gruvi_watch_t){.entry = entry,
                             .fn = fn,
                             .arg = arg,
                             .events = (uint8_t)events,
                             .in_entry = in_entry,
                             .in_use = true,
                             .round = poller->round};
    gruvi__list_add(&entry->watches, &watch->link);
    return watch;
}

static gruvi_watch_t *
add(gruvi_poller_t *poller, int fd, int events, gruvi_poll_fn fn, void *arg)
{
    gruvi_watch_t *watch;
    struct entry *entry;
    int err = get_entry(poller, fd, &entry);

    if (err < 0)
        return gruvi__fail(err);
    watch = new_watch(poller, entry, events, fn, arg);
    if (watch == NULL) {
        if (gruvi__list_empty(&entry->watches))
            drop_entry(entry);
        return NULL;
    }
    if ((err = adjust(entry)) < 0) {
        gruvi_poll_remove(poller, watch);
        return gruvi__fail(err);
    }
    return watch;
}

gruvi_watch_t *
gruvi_poll_add(gruvi_poller_t *poller, int fd, int events, gruvi_poll_fn fn,
               void *arg)
{
    if (poller == NULL)
        return gruvi__fail(UV_ESHUTDOWN);
    if (fn == NULL || (events & ~EVENTS) != 0)
        return gruvi__fail(UV_EINVAL);
    if (!gruvi__is_own(poller->hub))
        return gruvi__fail(UV_EPERM);
    if (fd < 0 || fcntl(fd, F_GETFD) < 0)
        return gruvi__fail(UV_EBADF);
    return add(poller, fd, events, fn, arg);
}

static bool
is_ours(const gruvi_poller_t *poller, const gruvi_watch_t *watch)
{
    return poller != NULL && watch != NULL && watch->entry != NULL &&
           watch->entry->poller == poller && gruvi__is_own(poller->hub);
}

int
gruvi_poll_update(gruvi_poller_t *poller, gruvi_watch_t *watch, int events)
{
    int err;

    if (!is_ours(poller, watch))
        return UV_ENOENT;
    if ((events & ~EVENTS) != 0)
        return UV_EINVAL;
    if (watch->events == events)
        return 0;
    watch->events = (uint8_t)events;
    err = adjust(watch->entry);
    if (err < 0)
        watch->events = 0;
    return err;
}

int
gruvi_poll_remove(gruvi_poller_t *poller, gruvi_watch_t *watch)
{
    struct entry *entry;

    if (!is_ours(poller, watch))
        return UV_ENOENT;
    entry = watch->entry;
    watch->entry = NULL;
    gruvi__list_remove(&watch->link);
    if (gruvi__list_empty(&entry->watches))
        drop_entry(entry);
    else
        adjust(entry);
    if (poller->depth > 0)
        gruvi__list_add(&poller->removed, &watch->link);
    else
        free_watch(watch);
    return 0;
}

struct fd_wait {
    gruvi_fiber_t *fiber;
    int events;
};

static void
on_wait_fd(int fd, int events, void *arg)
{
    struct fd_wait *wait = arg;

    (void)fd;
    wait->events |= events;
    gruvi__ready(wait->fiber);
}

/* Whether it is ready now, without the loop. */
static int
poll_now(int fd, int events)
{
    struct pollfd p = {.fd = fd};
    int n;

    if (fd < 0)
        return UV_EBADF; /* which poll() passes over */
    p.events = (short)((events & UV_READABLE ? POLLIN : 0) |
                       (events & UV_WRITABLE ? POLLOUT : 0));
    do
        n = poll(&p, 1, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return uv_translate_sys_error(errno);
    if (p.revents & POLLNVAL)
        return UV_EBADF;
    if (p.revents & (POLLERR | POLLHUP))
        return events;
    return (p.revents & POLLIN ? UV_READABLE : 0) |
           (p.revents & POLLOUT ? UV_WRITABLE : 0);
}

/* Another process may have made it blocking meanwhile, and the caller reads on
 * until there is nothing left. */
static void
make_nonblocking(int fd)
{
    int on = 1;

    ioctl(fd, FIONBIO, &on);
}

GRUVI_SWITCHPOINT int
gruvi_wait_fd(int fd, int events, double timeout)
{
    struct fd_wait wait = {.events = 0};
    gruvi_watch_t *watch;
    gruvi_poller_t *poller;
    int err = gruvi__enter(__func__, &wait.fiber);

    if (err < 0 || (err = gruvi__timeout_check(timeout)) < 0)
        return err;
    if (events == 0 || (events & ~EVENTS) != 0)
        return UV_EINVAL;
    if (timeout == 0) {
        err = poll_now(fd, events);
        make_nonblocking(fd);
        return err == 0 ? UV_ETIMEDOUT : err;
    }
    poller = wait.fiber->hub->poller;
    watch = gruvi_poll_add(poller, fd, events, on_wait_fd, &wait);
    if (watch == NULL)
        return gruvi_last_error();
    err = gruvi__wait(wait.fiber, &wait.events, "descriptor", timeout);
    if (err == 0 && watch->entry->err < 0)
        err = watch->entry->err;
    gruvi_poll_remove(poller, watch);
    if (err < 0)
        return err;
    make_nonblocking(fd);
    return wait.events;
}
