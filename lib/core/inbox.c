/* SPDX-License-Identifier: MIT */
/*
 * The inbox: the one door by which other threads enter a hub.
 *
 * A stack that any thread pushes on with one compare-and-swap, and that the
 * hub takes off whole and turns round: first in, first out for each thread,
 * and nothing for a pusher to wait for.
 *
 *   producer               hub
 *   push                   sleeping = 1
 *   sleeping? write fd     empty? block in the loop : poll only
 *
 * Both sides are sequentially consistent, so that one of them sees the other.
 * An eventfd of our own rather than a uv_async_t: it stays open until the
 * hub's memory goes, so that a producer that is late, while the loop is being
 * closed, writes to a descriptor that is still ours.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <uv.h>

#include "core/inbox.h"

static struct gruvi__inbox_node closed;

int
gruvi__inbox_init(struct gruvi__inbox *inbox)
{
    inbox->head = NULL;
    inbox->sleeping = 0;
    inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return inbox->fd < 0 ? uv_translate_sys_error(errno) : 0;
}

void
gruvi__inbox_destroy(struct gruvi__inbox *inbox)
{
    if (inbox->fd >= 0)
        close(inbox->fd);
}

static void
ring(struct gruvi__inbox *inbox)
{
    uint64_t one = 1;
    ssize_t n;

    /* Full means that it rings already. */
    do
        n = write(inbox->fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
}

int
gruvi__inbox_post(struct gruvi__inbox *inbox, struct gruvi__inbox_node *node)
{
    struct gruvi__inbox_node *head =
        __atomic_load_n(&inbox->head, __ATOMIC_RELAXED);

    do {
        if (head == &closed)
            return UV_ESHUTDOWN;
        node->next = head;
    } while (!__atomic_compare_exchange_n(&inbox->head, &head, node, true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    if (__atomic_load_n(&inbox->sleeping, __ATOMIC_SEQ_CST) &&
        __atomic_exchange_n(&inbox->sleeping, 0, __ATOMIC_SEQ_CST))
        ring(inbox);
    return 0;
}

/* Run a list that was taken off, the oldest first. */
static void
run(struct gruvi__inbox_node *node)
{
    struct gruvi__inbox_node *next, *first = NULL;

    for (; node != NULL; node = next) {
        next = node->next;
        node->next = first;
        first = node;
    }
    for (; first != NULL; first = next) {
        next = first->next;
        first->run(first);
    }
}

void
gruvi__inbox_drain(struct gruvi__inbox *inbox)
{
    struct gruvi__inbox_node *head =
        __atomic_load_n(&inbox->head, __ATOMIC_SEQ_CST);

    /* Once closed it stays so. */
    if (head != NULL && head != &closed)
        run(__atomic_exchange_n(&inbox->head, NULL, __ATOMIC_ACQUIRE));
}

void
gruvi__inbox_close(struct gruvi__inbox *inbox)
{
    run(__atomic_exchange_n(&inbox->head, &closed, __ATOMIC_SEQ_CST));
}
