/* SPDX-License-Identifier: MIT */
/*
 * Who goes on: what can be drawn at a point of a schedule, and what comes of
 * it.
 *
 * A letter of a schedule is a thread that goes on.  A capital is a disturbance:
 * a thread that sleeps is woken by nobody, or a call fails that the library
 * should make again.
 */
#include <limits.h>
#include <poll.h>

#include "explore/search.h"
#include "explore/sim_inside.h"

_Static_assert('A' + SIM_FAULTS * SIM_THREADS <= 'Z' + 1,
               "a letter for each fault of each thread");

static bool
can_go_on(struct sim_thread *thread)
{
    struct pollfd p = {.fd = thread->fd, .events = POLLIN};

    switch (thread->why) {
    case MUTEX:
        return sim_owner_of((const pthread_mutex_t *)thread->on) == NULL;
    case FUTEX:
        return thread->told;
    case SPIN:
        return thread->written;
    case LOOP:
        return poll(&p, 1, 0) > 0;
    case END:
        return thread->other->ended;
    default:
        return true;
    }
}

static void
add(struct choice *choice, int first, int i)
{
    choice->letters[choice->n++] = (char)(first + i);
}

static void
add_marked(struct choice *choice, int first, const bool *marked)
{
    for (int i = 0; i < sim.n; i++)
        if (marked[i])
            add(choice, first, i);
}

static bool
may_be_disturbed(const struct sim_thread *thread)
{
    return sim.disturbances > 0 &&
           (thread->why == FUTEX || thread->why == LOOP);
}

/* Who may go on, in the order that search.h says. */
static void
gather(struct choice *choice, struct sim_thread *last)
{
    bool late[SIM_THREADS] = {false}, disturbed[SIM_THREADS] = {false};
    bool last_can = last != NULL && can_go_on(last);

    choice->n = 0;
    if (last_can)
        add(choice, 'a', sim_index(last));
    for (int i = 0; i < sim.n; i++) {
        struct sim_thread *thread = &sim.threads[i];

        if (thread->ended || (thread == last && last_can))
            continue;
        if (thread != last && can_go_on(thread)) {
            add(choice, 'a', i);
        } else {
            late[i] = thread->due != UINT64_MAX;
            disturbed[i] = may_be_disturbed(thread);
        }
    }
    choice->on_time = choice->n;
    add_marked(choice, 'a', late);
    choice->called = choice->n;
    choice->usual = last_can ? 1 : choice->on_time;
    if (choice->usual == 0)
        choice->usual = choice->called;
    add_marked(choice, 'A', disturbed);
}

/* One of several, which becomes a letter of the schedule. */
static unsigned
choose(const struct choice *choice)
{
    unsigned i = search_choose(choice);

    if (i == UINT_MAX)
        sim_fail("the schedule does not fit: another library or case?");
    if (sim_report->length < sizeof sim_report->schedule)
        sim_report->schedule[sim_report->length++] = choice->letters[i];
    sim.disturbances -= i >= choice->called;
    return i;
}

static struct sim_thread *
thread_of(char letter)
{
    return &sim.threads[letter >= 'a' ? letter - 'a' : letter - 'A'];
}

struct sim_thread *
sim_draw(struct sim_thread *last)
{
    struct choice choice;
    struct sim_thread *next;
    unsigned i = 0;

    gather(&choice, last);
    if (choice.called == 0) {
        for (int k = 0; k < sim.n; k++)
            if (!sim.threads[k].ended)
                sim_fail_stuck("nobody can go on");
        return NULL;
    }
    if (choice.on_time == 0 && !sim.patient)
        sim_fail_stuck("nobody can go on before a timeout");
    if (choice.n > 1)
        i = choose(&choice);
    next = thread_of(choice.letters[i]);
    next->late = i >= choice.on_time && i < choice.called;
    next->disturbed = i >= choice.called;
    if (next->late && next->due > sim.now)
        sim.now = next->due;
    return next;
}

unsigned
sim_fault(unsigned faults)
{
    struct choice choice = {.n = 0};
    int me = sim_index(sim_self);
    unsigned fault;

    if (sim_self->held > 0 || sim.disturbances == 0)
        return 0;
    add(&choice, 'a', me);
    choice.on_time = choice.called = choice.usual = choice.n;
    for (unsigned k = 0; k < faults; k++)
        add(&choice, 'A' + (int)k * SIM_THREADS, me);
    fault = choose(&choice);
    if (fault > 0)
        sim_show("fails by chance");
    return fault;
}
