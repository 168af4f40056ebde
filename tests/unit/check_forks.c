/* SPDX-License-Identifier: MIT */
/* Whether there was a fork since then. */
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/forks.h"
#include "unit/harness.h"

static void
fork_once(void)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
}

START_TEST(test_forks_are_counted)
{
    uint16_t before = gruvi__forks();

    ck_assert(gruvi__forks_hold(before));
    gruvi__forks_go_on();
    fork_once();
    ck_assert(!gruvi__forks_hold(before));
    ck_assert(!gruvi__forks_hold(GRUVI__FORKS_UNKNOWN));
    ck_assert(gruvi__forks_hold(gruvi__forks()));
    gruvi__forks_go_on();
}
END_TEST

static bool held, let_go; /* atomic */

static void
hold_for_a_while(void *arg)
{
    ck_assert(gruvi__forks_hold(*(uint16_t *)arg));
    __atomic_store_n(&held, true, __ATOMIC_SEQ_CST);
    /* Long enough for a fork that does not wait. */
    usleep(10000);
    __atomic_store_n(&let_go, true, __ATOMIC_SEQ_CST);
    gruvi__forks_go_on();
}

START_TEST(test_a_fork_waits_until_nobody_relies_on_its_absence)
{
    uint16_t before = gruvi__forks();
    pthread_t thread = begin_thread(hold_for_a_while, &before);

    while (!__atomic_load_n(&held, __ATOMIC_SEQ_CST))
        sched_yield();
    fork_once();
    ck_assert(__atomic_load_n(&let_go, __ATOMIC_SEQ_CST));
    end_thread(thread);
}
END_TEST

static bool done; /* atomic */

static void
look(void *arg)
{
    (void)arg;
    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        if (gruvi__forks_hold(gruvi__forks()))
            gruvi__forks_go_on();
}

/* A child has no thread that would go on. */
static void
fork_in_children(void *arg)
{
    pthread_t thread = begin_thread(look, arg);

    for (int n = 0; n < 50; n++) {
        int status;
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            fork_once();
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    __atomic_store_n(&done, true, __ATOMIC_RELAXED);
    end_thread(thread);
}

START_TEST(test_a_child_of_a_process_with_threads_can_fork)
{
    ck_assert_int_eq(in_child(fork_in_children, NULL, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("forks");
    TCase *tc = tcase_create("forks");

    tcase_add_test(tc, test_forks_are_counted);
    tcase_add_test(tc, test_a_fork_waits_until_nobody_relies_on_its_absence);
    tcase_add_test(tc, test_a_child_of_a_process_with_threads_can_fork);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
