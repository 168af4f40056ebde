/* SPDX-License-Identifier: MIT */
/*
 * Signals, from their handler to the hubs that listen.
 *
 *   handler   for each post that wants the signal: set its bit; where the bit
 *             is new, write to the hub's eventfd
 *   hub       the eventfd is readable: take all bits, tell the listeners
 *
 * A bit cannot be lost.  libuv's own way, a note in a pipe for each handle,
 * loses what does not fit into the pipe.  A signal that comes again before the
 * hub has looked is the same bit.
 *
 * Other code may have handles of libuv for the same signals.  So our handler
 * lies on top of libuv's and calls that, too.  Each hub has a handle of its
 * loop for each of its signals: with it libuv believes its own handler to be in
 * place, and puts it on top of ours for nobody.  That handle's callback does
 * nothing.
 *
 * A post is never freed, and the list of posts only grows: so the handler
 * needs no lock.  A hub's descriptor is closed when no handler runs any more
 * that may write to it.
 *
 * A signal that the hub's thread blocks would never come: it is unblocked as
 * long as somebody listens.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <uv.h>

#include "base/threads.h"
#include "core/hub.h"
#include "core/signals.h"

/* The mailbox of one hub, or of none. */
struct gruvi__signal_post {
    struct gruvi__signal_post *next;
    uint64_t wanted, pending; /* atomic */
    int fd;                   /* valid where wanted is not 0 */
    bool used;                /* under the lock */
};

/* One signal that a hub listens for. */
struct handle {
    uv_signal_t uv; /* first: the close callback frees by it */
    struct gruvi__list link;
    int signum;
    unsigned listeners, unblocking;
    bool was_blocked; /* in the hub's thread, before we unblocked it */
};

/* By number: the action before the first hub, and libuv's, which is below
 * ours. */
static struct {
    unsigned hubs;
    bool restore;
    struct sigaction before, uv;
    void (*below)(int signum); /* atomic */
} actions[GRUVI__SIGNALS + 1];

static struct gruvi__signal_post first, *posts = &first; /* atomic */
static int inside; /* atomic: handlers that run */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* --- the handler: async-signal-safe --------------------------------------- */

static void
drop_in(struct gruvi__signal_post *post, uint64_t bit)
{
    static const uint64_t one = 1;
    ssize_t n;

    if (gruvi__atomic_fetch_or(&post->pending, bit, __ATOMIC_SEQ_CST) & bit)
        return;
    do
        n = gruvi__eventfd_write(post->fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
}

static void
on_signal(int signum)
{
    struct gruvi__signal_post *post;
    void (*below)(int signum);
    uint64_t bit = gruvi__signal_bit(signum);
    int saved_errno = errno;

    gruvi__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST);
    post = gruvi__atomic_load(&posts, __ATOMIC_ACQUIRE);
    for (; post != NULL; post = post->next)
        if (gruvi__atomic_load(&post->wanted, __ATOMIC_SEQ_CST) & bit)
            drop_in(post, bit);
    gruvi__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
    below = gruvi__atomic_load(&actions[signum].below, __ATOMIC_ACQUIRE);
    if (below != NULL)
        below(signum);
    errno = saved_errno;
}

/* Wait until no handler runs that may have seen what was wanted before. */
static void
await_handlers(void)
{
    while (gruvi__atomic_load(&inside, __ATOMIC_SEQ_CST) != 0)
        gruvi__sched_yield();
}

/* --- actions, under the lock ---------------------------------------------- */

/* Nobody hears what is not our own. */
static void
ignore_note(uv_signal_t *handle, int signum)
{
    (void)handle;
    (void)signum;
}

static bool
is_plain_handler(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler != SIG_DFL &&
           action->sa_handler != SIG_IGN;
}

/* Put our handler on top of libuv's.  On the thread's alternate stack, because
 * a fiber's may be nearly full. */
static void
take_over(int signum, const struct sigaction *before)
{
    struct sigaction ours;

    sigaction(signum, NULL, &actions[signum].uv);
    actions[signum].before = *before;
    actions[signum].restore =
        before->sa_handler != actions[signum].uv.sa_handler;
    gruvi__atomic_store(&actions[signum].below,
                        is_plain_handler(&actions[signum].uv)
                            ? actions[signum].uv.sa_handler
                            : NULL,
                        __ATOMIC_RELEASE);
    ours = actions[signum].uv;
    ours.sa_flags = (ours.sa_flags & ~SA_SIGINFO) | SA_RESTART | SA_ONSTACK;
    sigfillset(&ours.sa_mask);
    ours.sa_handler = on_signal;
    sigaction(signum, &ours, NULL);
}

/*
 * Our last handle has stopped.  Where other code has handles, libuv's handler
 * stays.  Otherwise libuv has left the default behind; what was there before
 * comes back, or what the program has set in our place.
 *
 *   last  the action while the handle was there
 */
static void
give_back(int signum, const struct sigaction *last)
{
    struct sigaction now;

    sigaction(signum, NULL, &now);
    if (now.sa_handler == on_signal)
        sigaction(signum, &actions[signum].uv, NULL);
    else if (now.sa_handler == SIG_DFL && last->sa_handler != on_signal)
        sigaction(signum, last, NULL);
    else if (now.sa_handler == SIG_DFL && actions[signum].restore)
        sigaction(signum, &actions[signum].before, NULL);
}

static int
start(struct handle *handle)
{
    int signum = handle->signum, err;
    struct sigaction before;

    gruvi__mutex_lock(&lock);
    if (sigaction(signum, NULL, &before) < 0)
        err = -errno;
    else
        err = uv_signal_start(&handle->uv, ignore_note, signum);
    if (err == 0 && actions[signum].hubs++ == 0)
        take_over(signum, &before);
    gruvi__mutex_unlock(&lock);
    return err;
}

static void
stop(struct handle *handle)
{
    int signum = handle->signum;
    struct sigaction last;

    gruvi__mutex_lock(&lock);
    sigaction(signum, NULL, &last);
    uv_signal_stop(&handle->uv);
    if (--actions[signum].hubs == 0)
        give_back(signum, &last);
    gruvi__mutex_unlock(&lock);
}

/* --- fork ----------------------------------------------------------------- */

static void
lock_all(void)
{
    gruvi__mutex_lock(&lock);
}

static void
unlock_all(void)
{
    gruvi__mutex_unlock(&lock);
}

/* No hub works in the child: signals do there what they did before, and ring
 * nothing that is the parent's. */
static void
reset_all(void)
{
    struct gruvi__signal_post *post;
    struct sigaction now;

    for (post = posts; post != NULL; post = post->next)
        post->wanted = post->pending = 0;
    for (int signum = 1; signum <= GRUVI__SIGNALS; signum++) {
        if (actions[signum].hubs == 0)
            continue;
        actions[signum].hubs = 0;
        sigaction(signum, NULL, &now);
        if (now.sa_handler == on_signal)
            sigaction(signum, &actions[signum].before, NULL);
    }
    inside = 0;
    gruvi__mutex_unlock(&lock);
}

/* Without memory for this, a forked child keeps the actions. */
static void
watch_forks(void)
{
    pthread_atfork(lock_all, unlock_all, reset_all);
}

/* --- posts ---------------------------------------------------------------- */

static struct gruvi__signal_post *
take_post(int fd)
{
    struct gruvi__signal_post *post;

    gruvi__once(&once, watch_forks);
    gruvi__mutex_lock(&lock);
    for (post = posts; post != NULL && post->used; post = post->next)
        ;
    if (post == NULL && (post = calloc(1, sizeof *post)) != NULL) {
        post->next = posts;
        gruvi__atomic_store(&posts, post, __ATOMIC_RELEASE);
    }
    if (post != NULL) {
        post->used = true;
        post->fd = fd;
    }
    gruvi__mutex_unlock(&lock);
    return post;
}

void
gruvi__signals_init(struct gruvi__signals *signals)
{
    gruvi__list_init(&signals->listeners);
    gruvi__list_init(&signals->handles);
}

void
gruvi__signals_close(struct gruvi__signals *signals)
{
    struct gruvi__signal_post *post = signals->post;

    if (post == NULL)
        return;
    gruvi__atomic_store(&post->wanted, 0, __ATOMIC_SEQ_CST);
    await_handlers();
    gruvi__atomic_store(&post->pending, 0, __ATOMIC_SEQ_CST);
    gruvi__mutex_lock(&lock);
    post->used = false;
    gruvi__mutex_unlock(&lock);
    gruvi__atomic_store(&signals->post, NULL, __ATOMIC_RELAXED);
}

uint64_t
gruvi__signals_waiting(const struct gruvi__signals *signals)
{
    const struct gruvi__signal_post *post =
        gruvi__atomic_load(&signals->post, __ATOMIC_ACQUIRE);

    return post == NULL ? 0
                        : gruvi__atomic_load(&post->pending, __ATOMIC_RELAXED);
}

/* --- the handles of a hub --------------------------------------------------
 */

static struct handle *
find(const struct gruvi__signals *signals, int signum)
{
    struct gruvi__list *link;

    for (link = signals->handles.next; link != &signals->handles;
         link = link->next)
        if (gruvi__list_entry(link, struct handle, link)->signum == signum)
            return gruvi__list_entry(link, struct handle, link);
    return NULL;
}

static void
unblock(struct handle *handle)
{
    sigset_t set, before;

    if (handle->unblocking++ > 0)
        return;
    sigemptyset(&set);
    sigaddset(&set, handle->signum);
    pthread_sigmask(SIG_UNBLOCK, &set, &before);
    handle->was_blocked = sigismember(&before, handle->signum);
}

static void
block_again(struct handle *handle)
{
    sigset_t set;

    if (--handle->unblocking > 0 || !handle->was_blocked)
        return;
    sigemptyset(&set);
    sigaddset(&set, handle->signum);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void
on_closed(uv_handle_t *handle)
{
    free(handle);
}

/* A handle that is closed is freed by the loop. */
static int
new_handle(gruvi_hub_t *hub, int signum, struct handle **made)
{
    uint64_t *wanted = &hub->signals.post->wanted;
    struct handle *handle = calloc(1, sizeof *handle);
    int err;

    if (handle == NULL)
        return UV_ENOMEM;
    err = uv_signal_init(&hub->loop, &handle->uv);
    if (err < 0) {
        free(handle);
        return err;
    }
    handle->signum = signum;
    gruvi__atomic_fetch_or(wanted, gruvi__signal_bit(signum), __ATOMIC_SEQ_CST);
    err = start(handle);
    if (err < 0) {
        gruvi__atomic_fetch_and(wanted, ~gruvi__signal_bit(signum),
                                __ATOMIC_SEQ_CST);
        uv_close((uv_handle_t *)&handle->uv, on_closed);
        return err;
    }
    gruvi__list_add(&hub->signals.handles, &handle->link);
    *made = handle;
    return 0;
}

static void
end_handle(gruvi_hub_t *hub, struct handle *handle)
{
    struct gruvi__signal_post *post = hub->signals.post;
    uint64_t others = ~gruvi__signal_bit(handle->signum);

    stop(handle);
    gruvi__atomic_fetch_and(&post->wanted, others, __ATOMIC_SEQ_CST);
    gruvi__atomic_fetch_and(&post->pending, others, __ATOMIC_SEQ_CST);
    gruvi__list_remove(&handle->link);
    uv_close((uv_handle_t *)&handle->uv, on_closed);
}

static int
begin(gruvi_hub_t *hub, int signum, bool keeps_mask)
{
    struct handle *handle = find(&hub->signals, signum);
    int err;

    if (handle == NULL && (err = new_handle(hub, signum, &handle)) < 0)
        return err;
    handle->listeners++;
    if (!keeps_mask)
        unblock(handle);
    return 0;
}

static void
end(gruvi_hub_t *hub, int signum, bool keeps_mask)
{
    struct handle *handle = find(&hub->signals, signum);

    if (!keeps_mask)
        block_again(handle);
    if (--handle->listeners == 0)
        end_handle(hub, handle);
}

/* --- listening -------------------------------------------------------------
 */

static void
end_all(gruvi_hub_t *hub, uint64_t signals, bool keeps_mask)
{
    for (; signals != 0; signals &= signals - 1)
        end(hub, __builtin_ctzll(signals) + 1, keeps_mask);
}

int
gruvi__signals_listen(gruvi_hub_t *hub, struct gruvi__signal_listener *listener)
{
    struct gruvi__signals *signals = &hub->signals;
    uint64_t begun = 0;
    int err = 0;

    if (signals->post == NULL)
        gruvi__atomic_store(&signals->post, take_post(hub->inbox.fd),
                            __ATOMIC_RELEASE);
    if (signals->post == NULL)
        return UV_ENOMEM;
    gruvi__signals_deliver(hub);
    while (err == 0 && begun != listener->wanted) {
        int signum = __builtin_ctzll(listener->wanted & ~begun) + 1;

        err = begin(hub, signum, listener->keeps_mask);
        if (err == 0)
            begun |= gruvi__signal_bit(signum);
    }
    if (err < 0)
        end_all(hub, begun, listener->keeps_mask);
    else
        gruvi__list_add(&signals->listeners, &listener->link);
    return err;
}

void
gruvi__signals_unlisten(gruvi_hub_t *hub,
                        struct gruvi__signal_listener *listener)
{
    gruvi__list_remove(&listener->link);
    end_all(hub, listener->wanted, listener->keeps_mask);
}

void
gruvi__signals_deliver(gruvi_hub_t *hub)
{
    struct gruvi__signal_post *post = hub->signals.post;
    struct gruvi__signal_listener *listener;
    struct gruvi__list *link;
    uint64_t came;

    if (post == NULL ||
        gruvi__atomic_load(&post->pending, __ATOMIC_RELAXED) == 0)
        return;
    came = gruvi__atomic_exchange(&post->pending, 0, __ATOMIC_SEQ_CST);
    for (link = hub->signals.listeners.next; link != &hub->signals.listeners;
         link = link->next) {
        listener = gruvi__list_entry(link, struct gruvi__signal_listener, link);
        if (came & listener->wanted)
            listener->fn(listener, came & listener->wanted);
    }
}
