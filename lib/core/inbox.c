/* SPDX-License-Identifier: MIT */
/*
 * The inbox: the only way for other threads into a hub.
 *
 * It is a stack.  Any thread pushes with one compare-and-swap, so no thread
 * waits; the hub takes all of it at once and reverses it, so the messages of
 * each thread are first in, first out.
 *
 *   producer               hub
 *   push                   sleeping = 1
 *   sleeping? write fd     empty? block in the loop : poll only
 *
 * Both sides are sequentially consistent, so at least one sees what the other
 * wrote.  An eventfd and not a uv_async_t: it stays open until the hub's
 * memory goes, so a producer that is late, while the loop closes, still writes
 * to a descriptor of ours.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <uv.h>

#include "base/descriptor.h"
#include "base/spin.h"
#include "base/threads.h"
#include "core/inbox.h"

static struct gruvi__inbox_node closed;

int
gruvi__inbox_init(struct gruvi__inbox *inbox)
{
    inbox->head = NULL;
    inbox->sleeping = 0;
    inbox->fd = gruvi__fd_own(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
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

    /* If it is full, the hub is woken already. */
    do
        n = gruvi__eventfd_write(inbox->fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
}

int
gruvi__inbox_post(struct gruvi__inbox *inbox, struct gruvi__inbox_node *node)
{
    struct gruvi__inbox_node *head =
        gruvi__atomic_load(&inbox->head, __ATOMIC_RELAXED);

    do {
        if (head == &closed)
            return UV_ESHUTDOWN;
        node->next = head;
    } while (!gruvi__atomic_compare_exchange(
        &inbox->head, &head, node, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    if (gruvi__atomic_load(&inbox->sleeping, __ATOMIC_SEQ_CST) &&
        gruvi__atomic_exchange(&inbox->sleeping, 0, __ATOMIC_SEQ_CST))
        ring(inbox);
    return 0;
}

/* One processor: the other thread does not run while this one waits. */
static bool
is_alone(void)
{
    static int alone = -1; /* atomic */
    int known = gruvi__atomic_load(&alone, __ATOMIC_RELAXED);
    cpu_set_t set;

    if (known < 0) {
        /* Where there are more than fit, there are more than one. */
        known =
            sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
        gruvi__atomic_store(&alone, known, __ATOMIC_RELAXED);
    }
    return known == 1;
}

/*
 * SPINS take 30 us or so: as long as a thread may take that has to be woken
 * first.  When both are awake, an answer comes within one or two; EARLY is what
 * sleeping and being woken would have taken.
 *
 * After FREE failures in a row it is not tried the next time, after one more
 * the next three times, and so on up to 127; an answer that comes late
 * counts as one.  So a hub whose messages come now and then burns nothing.  The
 * first few are free because one that does not wait makes the other's wait
 * fail.
 */
#define SPINS 2000
#define EARLY 500
#define FREE  3
#define MOST  (FREE + 7)

static void
be_less_patient(struct gruvi__patience *patience)
{
    if (patience->failures < MOST)
        patience->failures++;
    if (patience->failures > FREE)
        patience->skip = (1u << (patience->failures - FREE)) - 1;
}

bool
gruvi__inbox_await(const struct gruvi__inbox *inbox,
                   struct gruvi__patience *patience)
{
    int n = 0;

    if (patience->skip > 0) {
        patience->skip--;
        return false;
    }
    if (GRUVI__SIMULATED || is_alone())
        return false;
    patience->tried++;
    while (n < SPINS && gruvi__inbox_empty(inbox)) {
        gruvi__spin_relax();
        n++;
    }
    if (n == SPINS) {
        patience->failed++;
        be_less_patient(patience);
    } else if (n > EARLY) {
        be_less_patient(patience);
    } else {
        patience->failures = 0;
    }
    return n < SPINS;
}

/* Run the messages of a list, the oldest first.  Returns how many. */
static unsigned
run(struct gruvi__inbox_node *node)
{
    struct gruvi__inbox_node *next, *first = NULL;
    unsigned n = 0;

    for (; node != NULL; node = next) {
        next = node->next;
        node->next = first;
        first = node;
    }
    for (; first != NULL; first = next) {
        next = first->next;
        first->run(first);
        n++;
    }
    return n;
}

unsigned
gruvi__inbox_drain(struct gruvi__inbox *inbox)
{
    struct gruvi__inbox_node *head =
        gruvi__atomic_load(&inbox->head, __ATOMIC_SEQ_CST);

    /* A closed inbox stays closed. */
    if (head == NULL || head == &closed)
        return 0;
    return run(gruvi__atomic_exchange(&inbox->head, NULL, __ATOMIC_ACQUIRE));
}

void
gruvi__inbox_close(struct gruvi__inbox *inbox)
{
    run(gruvi__atomic_exchange(&inbox->head, &closed, __ATOMIC_SEQ_CST));
}
