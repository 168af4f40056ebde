/* SPDX-License-Identifier: MIT */
/*
 * How long a turn takes.
 *
 * The clock would say too much: the process may have been stopped, the machine
 * suspended, and a thread that is ready may wait for a processor for long.  So
 * from look to look there counts
 *
 *   of a thread that runs or is ready   the processor's time that it got
 *   of one that stands still            what has elapsed, less what it was
 *                                       ready without a processor
 *
 * and what has elapsed is never more than from one look to the next where
 * nobody is late.  What is found is less than the truth, never more.
 *
 * A hub that waits for events sleeps in epoll_wait(), and so it has no turn.
 * But the callbacks of libuv run in the same call of libuv.  A thread that has
 * used no processor since it was seen in epoll_wait() is there still.
 */
#include "watch/turn.h"

#include <time.h>

#include "watch/task.h"

static uint64_t
processor_time(const struct gruvid__hub *hub)
{
    struct timespec time;

    if (clock_gettime(hub->cpu_clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void
begin(struct gruvid__turn *turn, uint64_t turns)
{
    turn->turns = turns;
    turn->taken = 0;
    turn->idle = false;
    turn->ran = processor_time(turn->hub);
    turn->starved = 0;
}

static bool
waits_for_events(const struct gruvid__turn *turn,
                 const struct gruvid__task *task)
{
    return task->doing == GRUVID__CALLS && gruvid__call_polls(task->call) &&
           task->arg == (uint64_t)turn->hub->epoll_fd;
}

/* Of a thread that stands still, and has not all the time. */
static uint64_t
count_mixed(struct gruvid__turn *turn, uint64_t elapsed, uint64_t ran)
{
    uint64_t before = turn->starved, starved;

    turn->starved = gruvid__task_starved(turn->hub->tid);
    starved = turn->starved - before;
    if (before == 0 && turn->starved != 0)
        return ran < elapsed ? ran : elapsed; /* nothing to compare with */
    return starved < elapsed ? elapsed - starved : 0;
}

/* What counts since the last look. */
static uint64_t
count(struct gruvid__turn *turn, const struct gruvid__task *task,
      uint64_t elapsed, uint64_t ran)
{
    bool runs = task->doing == GRUVID__RUNS ||
                (task->doing == GRUVID__UNKNOWN && ran > 0);

    if (task->doing == GRUVID__HALTED)
        return 0;
    if (!runs)
        return ran == 0 ? elapsed : count_mixed(turn, elapsed, ran);
    return ran < elapsed ? ran : elapsed;
}

uint64_t
gruvid__turn_elapsed(uint64_t *last, uint64_t now, uint64_t pause)
{
    uint64_t elapsed = now - *last;

    *last = now;
    return elapsed < pause ? elapsed : pause;
}

bool
gruvid__turn_look(struct gruvid__turn *turn, uint64_t elapsed)
{
    struct gruvid__task task;
    gruvi__hub_view_t view;
    uint64_t now, ran;

    gruvi__hub_view(turn->hub->hub, &view);
    turn->signals = view.signals;
    if (view.turns != turn->turns ||
        __atomic_load_n(&turn->hub->ended, __ATOMIC_ACQUIRE)) {
        begin(turn, view.turns);
        return false;
    }
    now = processor_time(turn->hub);
    ran = now - turn->ran;
    turn->ran = now;
    if (turn->idle && view.sleeps && ran == 0)
        return false;
    gruvid__task_look(turn->hub->tid, &task);
    turn->idle = view.sleeps && (waits_for_events(turn, &task) ||
                                 (task.doing == GRUVID__UNKNOWN && ran == 0));
    if (turn->idle) {
        turn->taken = 0;
        return false;
    }
    turn->taken += count(turn, &task, elapsed, ran);
    return true;
}
