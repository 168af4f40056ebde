/* SPDX-License-Identifier: MIT */
/* What happens without descriptors. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/harness.h"

/* One descriptor more each time, until they are enough. */
static void
make_hub_of_few_descriptors(void *arg)
{
    struct rlimit limit;
    bool exact = *(bool *)arg;
    int before = open_descriptors(), failures = 0;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (limit.rlim_cur = (rlim_t)before;; limit.rlim_cur++) {
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        if (gruvi_get_hub() != NULL)
            break;
        ck_assert_int_eq(gruvi_last_error(), UV_EMFILE);
        if (exact)
            ck_assert_int_eq(open_descriptors(), before);
        failures++;
        ck_assert_int_lt(failures, 50);
    }
    ck_assert_int_gt(failures, 2);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

static void
run_out_of_descriptors(void *arg)
{
    int before;

    while (dup(0) < 40) /* no holes below */
        ;
    before = open_descriptors();
    in_thread(make_hub_of_few_descriptors, arg);
    if (*(bool *)arg)
        ck_assert_int_eq(open_descriptors(), before);
}

static int *aborts; /* shared with children */

static void
on_abort(int signum)
{
    (void)signum;
    ++*aborts;
}

/* libuv may abort where it has too few; what tries that first is a child, of
 * which the program sees and hears nothing. */
static void
run_out_and_look_for_children(void *arg)
{
    signal(SIGABRT, on_abort);
    run_out_of_descriptors(arg);
    ck_assert_int_eq(*aborts, 0);
    ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
    ck_assert_int_eq(errno, ECHILD);
}

/* libuv keeps two for the process, from its first loop on. */
START_TEST(test_the_first_hub_that_cannot_have_its_descriptors_is_emfile)
{
    bool exact = false;

    aborts = mmap(NULL, sizeof *aborts, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(aborts, MAP_FAILED);
    ck_assert_int_eq(in_child(run_out_and_look_for_children, &exact, NULL, 0),
                     0);
    munmap(aborts, sizeof *aborts);
}
END_TEST

/* waitpid() says nothing of a child then. */
static void
run_out_with_children_ignored(void *arg)
{
    signal(SIGCHLD, SIG_IGN);
    run_out_of_descriptors(arg);
}

START_TEST(test_it_is_so_where_children_are_ignored)
{
    bool exact = false;

    ck_assert_int_eq(in_child(run_out_with_children_ignored, &exact, NULL, 0),
                     0);
}
END_TEST

START_TEST(test_a_hub_that_cannot_have_its_descriptors_leaves_none)
{
    bool exact = true;
    uv_loop_t loop;

    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert_int_eq(in_child(run_out_of_descriptors, &exact, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("no_descriptors");
    TCase *tc = tcase_create("descriptors");

    tcase_add_test(
        tc, test_the_first_hub_that_cannot_have_its_descriptors_is_emfile);
    tcase_add_test(tc, test_it_is_so_where_children_are_ignored);
    tcase_add_test(tc, test_a_hub_that_cannot_have_its_descriptors_leaves_none);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
