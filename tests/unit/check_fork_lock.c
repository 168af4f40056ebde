/* SPDX-License-Identifier: MIT */
/* A child of a fork finds the library's locks free, whatever other threads had
 * locked. */
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gruvi/inspect.h>
#include <gruvi/process.h>

#include "base/fork_lock.h"
#include "core/exception.h"
#include "unit/harness.h"

GRUVI__FORK_LOCK(lock);

static void
lock_and_unlock(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

static void
ask_for_a_child(void)
{
    gruvi_process_owns(1);
}

static void
find_runtime(void)
{
    static gruvi__cxx_t runtime;

    gruvi__cxx_remove(&runtime);
}

static void
look_at_modules(void)
{
    gruvi__modules_update();
}

static void (*const users[])(void) = {lock_and_unlock, ask_for_a_child,
                                      find_runtime, look_at_modules};

#define USERS (int)(sizeof users / sizeof *users)

static bool done; /* atomic */

static void
use(void *arg)
{
    void (*const *user)(void) = arg;

    while (!__atomic_load_n(&done, __ATOMIC_RELAXED))
        (*user)();
}

/* With the bug it hangs soon, and is stopped by the time of a test. */
static void
fork_often(void *arg)
{
    void (*const *user)(void) = arg;
    pthread_t thread = begin_thread(use, arg);

    for (int n = 0; n < 50; n++) {
        int status;
        pid_t child = fork();

        ck_assert_int_ge(child, 0);
        if (child == 0) {
            (*user)();
            _exit(0);
        }
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    __atomic_store_n(&done, true, __ATOMIC_RELAXED);
    end_thread(thread);
}

START_TEST(test_a_child_finds_it_free)
{
    ck_assert_int_eq(in_child(fork_often, (void *)&users[_i], NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("fork_lock");
    TCase *tc = tcase_create("fork_lock");

    tcase_add_loop_test(tc, test_a_child_finds_it_free, 0, USERS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
