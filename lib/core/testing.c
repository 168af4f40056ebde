/* SPDX-License-Identifier: MIT */
/*
 * For test hosts: rare orders of fibers, and a cancel at any switchpoint.  With
 * virtual time (clock.h) a run that failed can be had again.
 *
 * It costs those nothing who do not use it: a hub whose order is drawn takes
 * the slow way to each next turn, and a thread that counts seems to be in a
 * no-switch section, so that switchpoints take their slow way, too.
 */
#include "core/testing.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gruvi/fiber.h>

#include "base/threads.h"
#include "core/clock.h"
#include "core/fiber.h"
#include "core/hub.h"
#include "core/run_queue.h"
#include "core/thread.h"

/* --- the order -------------------------------------------------------------
 */

/* SplitMix64, by Sebastiano Vigna: a well-mixed sequence from any seed. */
static uint64_t
draw(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

void
gruvi__test_order(uint64_t seed)
{
    gruvi_hub_t *hub = gruvi__self.hub;

    hub->shuffled = seed != 0;
    hub->shuffle_state = seed;
}

/*
 * A list of n fibers in any order, each equally likely: both halves, drawn, and
 * laid into each other.  This takes no memory, which may be counted, or fail.
 */
static gruvi_fiber_t *
shuffle(uint64_t *state, gruvi_fiber_t *list, uint64_t n)
{
    uint64_t left = n / 2, right = n - left;
    gruvi_fiber_t *half = list, *others = list, **tail = &list;

    if (n < 2)
        return list;
    for (uint64_t i = 0; i < left; i++)
        others = others->next;
    half = shuffle(state, half, left);
    others = shuffle(state, others, right);
    while (left + right > 0) {
        bool from_half = draw(state) % (left + right) < left;
        gruvi_fiber_t **from = from_half ? &half : &others;

        *tail = *from;
        tail = &(*from)->next;
        *from = (*from)->next;
        if (from_half)
            left--;
        else
            right--;
    }
    return list;
}

static void
shuffle_queue(uint64_t *state, struct gruvi__queue *queue)
{
    gruvi_fiber_t *list = queue->head, *next;
    uint64_t n = 0;

    for (gruvi_fiber_t *fiber = list; fiber != NULL; fiber = fiber->next)
        n++;
    list = shuffle(state, list, n);
    gruvi__queue_init(queue);
    for (; n > 0; n--, list = next) {
        next = list->next;
        gruvi__queue_push(queue, list);
    }
}

/* What is urgent runs first, and what has yielded last: that is promised. */
void
gruvi__test_shuffle(gruvi_hub_t *hub)
{
    shuffle_queue(&hub->shuffle_state, &hub->woken);
    shuffle_queue(&hub->shuffle_state, &hub->yielded);
}

/* --- switchpoints ----------------------------------------------------------
 */

gruvi__no_switch_t gruvi__test_section;

static __thread struct {
    bool (*counts)(const gruvi_fiber_t *fiber);
    uint64_t counted, nth;
    const char *cancelled_in;
} testing;

void
gruvi__test_count(bool (*counts)(const gruvi_fiber_t *fiber), uint64_t nth)
{
    testing.counts = counts;
    testing.counted = 0;
    testing.nth = nth;
    testing.cancelled_in = NULL;
    gruvi__self.section = counts != NULL ? &gruvi__test_section : NULL;
}

uint64_t
gruvi__test_counted(void)
{
    return testing.counted;
}

const char *
gruvi__test_cancelled_in(void)
{
    return testing.cancelled_in;
}

void
gruvi__test_entered(const char *function, gruvi_fiber_t *fiber)
{
    if (!testing.counts(fiber) || ++testing.counted != testing.nth)
        return;
    testing.cancelled_in = function;
    gruvi_fiber_cancel(fiber, "cancelled by the test host");
}

/* --- hangs -----------------------------------------------------------------
 */

static __thread struct {
    bool (*stuck)(void *arg);
    void *arg;
} watch;

void
gruvi__test_when_stuck(bool (*stuck)(void *arg), void *arg)
{
    watch.stuck = stuck;
    watch.arg = arg;
}

bool
gruvi__test_stuck(void)
{
    return watch.stuck != NULL && watch.stuck(watch.arg);
}

/* --- late work -------------------------------------------------------------
 */

/* So late, in seconds: less than gruvid waits for fibers that are cancelled. */
#define LATENESS 2.0

enum { ON_TIME, COMING, BEGUN };

static __thread bool (*is_late)(void);
static struct gruvi__deadline late_begin;
static uint32_t late_state; /* atomic */

void
gruvi__test_when_working(bool (*late)(void))
{
    is_late = late;
}

/* The clock stands again, until the work is done. */
static void
let_begin(struct gruvi__deadline *deadline)
{
    uint32_t state = COMING;
    bool stopped = gruvi__clock_stop();

    (void)deadline;
    if (gruvi__atomic_compare_exchange(&late_state, &state, BEGUN, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        gruvi__futex_wake(&late_state);
    else if (stopped)
        gruvi__clock_go_on(); /* the work was withdrawn */
}

bool
gruvi__test_late(void)
{
    if (is_late == NULL || !gruvi__clock_is_virtual() ||
        gruvi__deadline_armed(&late_begin) ||
        gruvi__atomic_load(&late_state, __ATOMIC_ACQUIRE) != ON_TIME ||
        !is_late())
        return false;
    gruvi__atomic_store(&late_state, COMING, __ATOMIC_RELEASE);
    late_begin.fire = let_begin;
    gruvi__deadline_arm(gruvi__self.hub, &late_begin,
                        gruvi__clock_due(LATENESS));
    return true;
}

/* Time stood until here: whether the work is withdrawn before a thread takes it
 * does not depend on how fast the thread is. */
void
gruvi__late_begin(void)
{
    gruvi__clock_go_on();
    while (gruvi__atomic_load(&late_state, __ATOMIC_ACQUIRE) == COMING)
        gruvi__futex_wait(&late_state, COMING, NULL);
    gruvi__late_end();
}

void
gruvi__late_end(void)
{
    gruvi__atomic_store(&late_state, ON_TIME, __ATOMIC_RELEASE);
}
