/* SPDX-License-Identifier: MIT */
/* What another thread sees of a hub. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gruvi/signal.h>

#include "unit/harness.h"

static gruvi__hub_view_t
view_of(const gruvi_hub_t *hub)
{
    gruvi__hub_view_t view;

    gruvi__hub_view(hub, &view);
    return view;
}

HUB_TEST(test_a_hub_that_goes_on_counts_its_turns)
{
    uint64_t before = view_of(hub).turns;

    /* On a slow machine the time has passed before anything waits for it. */
    while (view_of(hub).turns == before)
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert(!view_of(hub).sleeps);
}

HUB_TEST(test_a_hub_that_does_not_wait_counts_none)
{
    uint64_t before = view_of(hub).turns;

    ck_assert_int_eq(gruvi_hub_run_callback(hub, note, "x"), 0);
    ck_assert_uint_eq(view_of(hub).turns, before);
}

/* Fibers that only let each other run begin turns themselves, but they poll
 * now and then. */
HUB_TEST(test_fibers_that_yield_count_turns)
{
    uint64_t before = view_of(hub).turns;

    while (view_of(hub).turns == before)
        ck_assert_int_eq(gruvi_sleep(0), 0);
}

/* --- counters --------------------------------------------------------------
 */

static int
yield_often(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        gruvi_sleep(0);
    return 0;
}

/* Two turns: what a turn did is told when the next look at events is over. */
static void
let_it_tell(void)
{
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
    ck_assert_int_eq(gruvi_sleep(0.001), 0);
}

/* n fibers that begin together, and yield so often each. */
static void
run_yielders(int n, int times)
{
    gruvi_fiber_t *fibers[10];

    for (int i = 0; i < n; i++) {
        fibers[i] = gruvi_spawn(yield_often, &times);
        ck_assert_ptr_nonnull(fibers[i]);
    }
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(gruvi_fiber_join(fibers[i], GRUVI_FOREVER), 0);
        gruvi_fiber_unref(fibers[i]);
    }
}

HUB_TEST(test_a_hub_counts_the_fibers_that_were_spawned)
{
    uint64_t before = view_of(hub).spawned;
    gruvi_fiber_t *fiber = gruvi_fiber_new(yield_often, NULL, NULL);

    ck_assert_uint_eq(view_of(hub).spawned, before + 1);
    gruvi_fiber_unref(fiber);
    run_yielders(3, 1);
    ck_assert_uint_eq(view_of(hub).spawned, before + 4);
}

/* Many more than a budget: none is lost where a new budget begins.  Each fiber
 * begins, and goes on after each of its yields; this fiber goes on after up to
 * n joins and two sleeps, and the last may not have been told yet. */
HUB_TEST(test_a_hub_counts_each_switch_to_a_fiber)
{
    const unsigned n = 5, times = 1000;
    uint64_t before, switches;

    let_it_tell();
    before = view_of(hub).switches;
    run_yielders((int)n, (int)times);
    let_it_tell();
    switches = view_of(hub).switches - before;
    ck_assert_uint_gt(switches, n * (times + 1));
    ck_assert_uint_le(switches, n * (times + 1) + n + 3);
}

HUB_TEST(test_a_hub_tells_how_many_fibers_were_ready)
{
    let_it_tell();
    ck_assert_uint_lt(view_of(hub).most_ready, 7);
    run_yielders(7, 1);
    let_it_tell();
    ck_assert_uint_eq(view_of(hub).most_ready, 7);
    ck_assert_uint_le(view_of(hub).ready, 1);
}

HUB_TEST(test_a_hub_tells_how_many_fibers_it_has)
{
    int times = 100000000;
    gruvi_fiber_t *fiber;

    ck_assert_uint_eq(view_of(hub).fibers, 0);
    fiber = gruvi_spawn(yield_often, &times);
    ck_assert_uint_eq(view_of(hub).fibers, 1);
    times = 0;
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    gruvi_fiber_unref(fiber);
    ck_assert_uint_eq(view_of(hub).fibers, 0);
}

/* --- another thread looks ------------------------------------------------- */

struct looker {
    gruvi_hub_t *hub;
    gruvi_event_t done;
    int pipe[2];
    gruvi__hub_view_t seen;
    gruvi__peek_t peek;
    int peeked;
};

static void
look_until_it_sleeps(void *arg)
{
    struct looker *looker = arg;

    do
        looker->seen = view_of(looker->hub);
    while (!looker->seen.sleeps);
    gruvi_event_set(&looker->done);
}

HUB_TEST(test_another_thread_sees_that_a_hub_sleeps)
{
    struct looker looker = {.hub = hub};
    pthread_t thread;

    gruvi_event_init(&looker.done);
    thread = begin_thread(look_until_it_sleeps, &looker);
    ck_assert_int_eq(gruvi_event_wait(&looker.done, GRUVI_FOREVER), 0);
    pthread_join(thread, NULL);
    ck_assert(looker.seen.sleeps);
    gruvi_event_destroy(&looker.done);
}

/* The third field of the thread's state: 0 is read(2) on all that we know but
 * aarch64, so the descriptor tells. */
static bool
reads(pid_t tid, int fd)
{
    char path[64], text[128] = "", wanted[32];
    int file;

    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)tid);
    snprintf(wanted, sizeof wanted, " 0x%x ", (unsigned)fd);
    file = open(path, O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        text[0] = '\0';
    if (file >= 0)
        close(file);
    return strstr(text, wanted) != NULL;
}

static pid_t hub_tid;

static void
peek_once_it_reads(void *arg)
{
    struct looker *looker = arg;
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

    while (!reads(hub_tid, looker->pipe[0]))
        usleep(1000);
    looker->peeked = gruvi__hub_peek(looker->hub, memory, &looker->peek);
    close(memory);
    ck_assert_int_eq(write(looker->pipe[1], "x", 1), 1);
}

static int
read_badly(void *arg)
{
    struct looker *looker = arg;
    char byte;

    ck_assert_int_eq(read(looker->pipe[0], &byte, 1), 1);
    looker->seen.turns = (uintptr_t)&byte; /* an address of this stack */
    return 0;
}

static bool
can_ask_for_system_calls(void)
{
    return access("/proc/self/syscall", R_OK) == 0;
}

/* In a group with a keeper, as gruvid's are. */
static gruvi__peek_t
peek_at(struct looker *looker, const char *name)
{
    gruvi_fiber_options_t options = {.name = name};
    gruvi_group_t group;
    gruvi_fiber_t *fiber = NULL;
    pthread_t thread;

    hub_tid = gettid();
    ck_assert_int_eq(pipe(looker->pipe), 0);
    ck_assert_int_eq(gruvi_group_init(&group, "plugin"), 0);
    gruvi__group_set_keeper(&group, looker);
    GRUVI_IN_GROUP (&group) {
        fiber = gruvi_spawn_ex(read_badly, looker, &options);
    }
    thread = begin_thread(peek_once_it_reads, looker);
    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    pthread_join(thread, NULL);
    gruvi_fiber_unref(fiber);
    gruvi_group_destroy(&group);
    close(looker->pipe[0]);
    close(looker->pipe[1]);
    return looker->peek;
}

HUB_TEST(test_another_thread_sees_the_fiber_that_stands_still)
{
    struct looker looker = {.hub = hub, .peeked = 1};
    gruvi__peek_t peek;

    if (!can_ask_for_system_calls())
        return;
    peek = peek_at(&looker, "reader");
    ck_assert_int_eq(looker.peeked, 0);
    ck_assert_str_eq(peek.name, "reader");
    ck_assert_ptr_eq(peek.keeper, &looker);
    ck_assert_uint_le(peek.low, looker.seen.turns);
    ck_assert_uint_gt(peek.high, looker.seen.turns);
}

HUB_TEST(test_a_fiber_without_a_name_is_seen_by_its_number)
{
    struct looker looker = {.hub = hub, .peeked = 1};

    if (!can_ask_for_system_calls())
        return;
    ck_assert_int_eq(
        strncmp(peek_at(&looker, NULL).name, "Fiber-", strlen("Fiber-")), 0);
}

HUB_TEST(test_the_root_fiber_is_seen_with_no_stack_of_its_own)
{
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    gruvi__peek_t peek;

    ck_assert_int_eq(gruvi__hub_peek(hub, memory, &peek), 0);
    ck_assert_str_eq(peek.name, "Root");
    ck_assert_ptr_null(peek.keeper);
    ck_assert_uint_eq(peek.high, 0);
    close(memory);
}

HUB_TEST(test_where_memory_cannot_be_read_nothing_is_seen)
{
    gruvi__peek_t peek;

    ck_assert_int_eq(gruvi__hub_peek(hub, -1, &peek), UV_ESRCH);
    ck_assert_str_eq(peek.name, "");
}

/* --- signals -------------------------------------------------------------- */

HUB_TEST(test_a_signal_is_seen_until_the_hub_has_looked)
{
    const uint64_t bit = UINT64_C(1) << (SIGUSR1 - 1);
    gruvi_signal_t *watcher;
    int signum = SIGUSR1;

    ck_assert_uint_eq(view_of(hub).signals & bit, 0);
    ck_assert_int_eq(gruvi_signal_open(&watcher, &signum, 1), 0);
    ck_assert_int_eq(raise(SIGUSR1), 0);
    ck_assert_uint_ne(view_of(hub).signals & bit, 0);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    ck_assert_uint_eq(view_of(hub).signals & bit, 0);
    gruvi_signal_close(watcher);
}

int
main(void)
{
    Suite *suite = suite_create("hub_view");
    TCase *tc = tcase_create("hub view");

    tcase_add_test(tc, test_a_hub_that_goes_on_counts_its_turns);
    tcase_add_test(tc, test_a_hub_that_does_not_wait_counts_none);
    tcase_add_test(tc, test_fibers_that_yield_count_turns);
    tcase_add_test(tc, test_a_hub_counts_the_fibers_that_were_spawned);
    tcase_add_test(tc, test_a_hub_counts_each_switch_to_a_fiber);
    tcase_add_test(tc, test_a_hub_tells_how_many_fibers_were_ready);
    tcase_add_test(tc, test_a_hub_tells_how_many_fibers_it_has);
    tcase_add_test(tc, test_another_thread_sees_that_a_hub_sleeps);
    tcase_add_test(tc, test_another_thread_sees_the_fiber_that_stands_still);
    tcase_add_test(tc, test_a_fiber_without_a_name_is_seen_by_its_number);
    tcase_add_test(tc, test_the_root_fiber_is_seen_with_no_stack_of_its_own);
    tcase_add_test(tc, test_where_memory_cannot_be_read_nothing_is_seen);
    tcase_add_test(tc, test_a_signal_is_seen_until_the_hub_has_looked);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
