/* SPDX-License-Identifier: MIT */
/* How long a turn takes, of a thread that computes, waits, or sleeps. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gruvi.h>

#include "support/suite.h"
#include "watch/task.h"
#include "watch/turn.h"

#define SECOND UINT64_C(1000000000)

/* What the thread of the hub does. */
enum what { COMPUTE, READ, SLEEP };

static struct {
    struct gruvid__hub hub;
    enum what what;
    pthread_t thread;
    int pipe[2];
    gruvi_event_t ready, go;
    bool stop;     /* atomic */
    unsigned spun; /* atomic */
} one;

static void
act(void)
{
    char byte;

    switch (one.what) {
    case COMPUTE:
        while (!__atomic_load_n(&one.stop, __ATOMIC_RELAXED))
            __atomic_fetch_add(&one.spun, 1, __ATOMIC_RELAXED);
        break;
    case READ:
        ck_assert_int_eq(read(one.pipe[0], &byte, 1), 1);
        break;
    case SLEEP:
    default:
        ck_assert_int_eq(gruvi_event_wait(&one.go, GRUVI_FOREVER), 0);
    }
}

static void *
hub_main(void *arg)
{
    (void)arg;
    one.hub.hub = gruvi_hub_ref(gruvi_get_hub());
    one.hub.tid = gettid();
    pthread_getcpuclockid(pthread_self(), &one.hub.cpu_clock);
    one.hub.epoll_fd = gruvi__hub_set(one.hub.hub);
    gruvi_event_set(&one.ready);
    act();
    gruvi_hub_close(one.hub.hub);
    return NULL;
}

static void
begin(enum what what)
{
    memset(&one, 0, sizeof one);
    one.what = what;
    ck_assert_int_eq(pipe(one.pipe), 0);
    gruvi_event_init(&one.ready);
    gruvi_event_init(&one.go);
    ck_assert_int_eq(pthread_create(&one.thread, NULL, hub_main, NULL), 0);
    ck_assert_int_eq(gruvi_event_wait(&one.ready, GRUVI_FOREVER), 0);
}

static void
end(void)
{
    __atomic_store_n(&one.stop, true, __ATOMIC_RELAXED);
    ck_assert_int_eq(write(one.pipe[1], "x", 1), 1);
    gruvi_event_set(&one.go);
    pthread_join(one.thread, NULL);
    gruvi_hub_unref(one.hub.hub);
    gruvi_event_destroy(&one.ready);
    gruvi_event_destroy(&one.go);
    close(one.pipe[0]);
    close(one.pipe[1]);
}

static enum gruvid__doing
doing(void)
{
    struct gruvid__task task;

    gruvid__task_look(one.hub.tid, &task);
    return task.doing;
}

static bool
tells_system_calls(void)
{
    return access("/proc/self/syscall", R_OK) == 0;
}

/* In the system call that it is to stand still in. */
static void
await_call(void)
{
    while (doing() != GRUVID__CALLS)
        usleep(1000);
}

static void
await_progress(void)
{
    unsigned before = __atomic_load_n(&one.spun, __ATOMIC_RELAXED);

    while (__atomic_load_n(&one.spun, __ATOMIC_RELAXED) == before)
        usleep(1000);
}

START_TEST(test_of_a_thread_that_computes_its_processor_time_counts)
{
    struct gruvid__turn turn = {.hub = &one.hub};

    begin(COMPUTE);
    gruvid__turn_look(&turn, 0);
    await_progress();
    /* By the clock an hour has passed. */
    ck_assert(gruvid__turn_look(&turn, 3600 * SECOND));
    ck_assert_uint_gt(turn.taken, 0);
    ck_assert_uint_lt(turn.taken, 1800 * SECOND);
    end();
}
END_TEST

START_TEST(test_no_more_counts_than_has_elapsed)
{
    struct gruvid__turn turn = {.hub = &one.hub};

    begin(COMPUTE);
    gruvid__turn_look(&turn, 0);
    await_progress();
    ck_assert(gruvid__turn_look(&turn, 7));
    ck_assert_uint_eq(turn.taken, 7);
    end();
}
END_TEST

START_TEST(test_of_a_thread_in_a_system_call_what_has_elapsed_counts)
{
    struct gruvid__turn turn = {.hub = &one.hub};

    if (!tells_system_calls())
        return;
    begin(READ);
    await_call();
    gruvid__turn_look(&turn, 0);
    gruvid__turn_look(&turn, 0); /* now it has stood still since a look */
    for (int i = 0; i < 3; i++)
        ck_assert(gruvid__turn_look(&turn, SECOND));
    ck_assert_uint_eq(turn.taken, 3 * SECOND);
    end();
}
END_TEST

#define PAUSE (SECOND / 20) /* as for a stall_warning of 100 ms */

/* The machine sleeps between two looks.  CLOCK_MONOTONIC stands still then;
 * here it is as bad as with CLOCK_BOOTTIME, or with the clock of a machine that
 * is moved.  ahead: the jump, in seconds. */
static void
judge_a_jump(enum what what, int64_t ahead)
{
    struct gruvid__turn turn = {.hub = &one.hub};
    uint64_t last = 7200 * SECOND, now = last;

    begin(what);
    if (what == READ)
        await_call();
    gruvid__turn_look(&turn, 0);
    gruvid__turn_look(&turn, 0);
    now += (uint64_t)ahead * SECOND;
    gruvid__turn_look(&turn, gruvid__turn_elapsed(&last, now, PAUSE));
    ck_assert_uint_le(turn.taken, PAUSE);
    ck_assert_uint_eq(last, now);
    /* What lasts after that counts again. */
    now += PAUSE / 2;
    ck_assert_uint_eq(gruvid__turn_elapsed(&last, now, PAUSE), PAUSE / 2);
    end();
}

static const int64_t jumps[] = {3600, 1, -3600};

START_TEST(test_a_machine_that_was_suspended_has_no_stall)
{
    judge_a_jump(COMPUTE, jumps[_i]);
    if (tells_system_calls())
        judge_a_jump(READ, jumps[_i]);
}
END_TEST

/* A debugger is another process: it holds the thread of the hub alone, and the
 * one that watches goes on.
 *
 *   this process               the debugger
 *   "which thread" -->
 *                              holds it
 *              <-- "held", or the error
 *   looks
 *   "done" -->
 *                              lets it go, and ends
 */
static int
debug(int from, int to)
{
    pid_t tid;
    int err = 0, status;

    if (read(from, &tid, sizeof tid) != sizeof tid)
        return 1;
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) < 0 ||
        ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 ||
        waitpid(tid, &status, __WALL) != tid)
        err = errno;
    if (write(to, &err, sizeof err) != sizeof err)
        return 1;
    return read(from, &err, 1) == 1 ? 0 : 1;
}

START_TEST(test_a_thread_that_a_debugger_holds_has_no_stall)
{
    struct gruvid__turn turn = {.hub = &one.hub};
    int there[2], back[2], err, status;
    pid_t debugger;

    ck_assert_int_eq(pipe(there), 0);
    ck_assert_int_eq(pipe(back), 0);
    debugger = fork();
    if (debugger == 0)
        _exit(debug(there[0], back[1]));
    prctl(PR_SET_PTRACER, debugger);
    begin(COMPUTE);
    await_progress();
    gruvid__turn_look(&turn, 0);
    ck_assert_int_eq(write(there[1], &one.hub.tid, sizeof(pid_t)),
                     sizeof(pid_t));
    ck_assert_int_eq(read(back[0], &err, sizeof err), sizeof err);
    if (err == 0) {
        ck_assert_int_eq(doing(), GRUVID__HALTED);
        for (int i = 0; i < 3; i++)
            ck_assert(gruvid__turn_look(&turn, SECOND));
        ck_assert_uint_eq(turn.taken, 0);
    } else {
        printf("skipped: no debugger may be here: %s\n", strerror(err));
    }
    ck_assert_int_eq(write(there[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(debugger, &status, 0), debugger);
    ck_assert_int_eq(status, 0);
    end();
}
END_TEST

START_TEST(test_a_hub_that_waits_for_events_is_in_no_turn)
{
    struct gruvid__turn turn = {.hub = &one.hub};
    gruvi__hub_view_t view;

    begin(SLEEP);
    do
        gruvi__hub_view(one.hub.hub, &view);
    while (!view.sleeps);
    while (gruvid__turn_look(&turn, 0))
        usleep(1000); /* on its way there */
    for (int i = 0; i < 3; i++)
        ck_assert(!gruvid__turn_look(&turn, SECOND));
    ck_assert_uint_eq(turn.taken, 0);
    end();
}
END_TEST

START_TEST(test_a_hub_that_has_ended_is_in_no_turn)
{
    struct gruvid__turn turn = {.hub = &one.hub};

    begin(COMPUTE);
    gruvid__turn_look(&turn, 0);
    one.hub.ended = true;
    ck_assert(!gruvid__turn_look(&turn, SECOND));
    end();
}
END_TEST

START_TEST(test_system_calls_have_names)
{
    struct gruvid__task task;

    if (!tells_system_calls())
        return;
    begin(READ);
    await_call();
    gruvid__task_look(one.hub.tid, &task);
    ck_assert_str_eq(gruvid__call_name(task.call), "read");
    ck_assert(gruvid__call_has_fd(task.call));
    ck_assert_uint_eq(task.arg, (unsigned)one.pipe[0]);
    ck_assert_ptr_null(gruvid__call_name(99999));
    end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("watch_turn");
    TCase *tc = tcase_create("turns");

    tcase_add_test(tc,
                   test_of_a_thread_that_computes_its_processor_time_counts);
    tcase_add_test(tc, test_no_more_counts_than_has_elapsed);
    tcase_add_test(tc,
                   test_of_a_thread_in_a_system_call_what_has_elapsed_counts);
    tcase_add_loop_test(tc, test_a_machine_that_was_suspended_has_no_stall, 0,
                        sizeof jumps / sizeof *jumps);
    tcase_add_test(tc, test_a_thread_that_a_debugger_holds_has_no_stall);
    tcase_add_test(tc, test_a_hub_that_waits_for_events_is_in_no_turn);
    tcase_add_test(tc, test_a_hub_that_has_ended_is_in_no_turn);
    tcase_add_test(tc, test_system_calls_have_names);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
