/* SPDX-License-Identifier: MIT */
/* What a generation hands over: names, bytes, descriptors, and their limit. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "instance/handover.h"
#include "support/suite.h"

static struct gruvid__handover *handover;

static void
open_one(void)
{
    handover = gruvid__handover_new();
    ck_assert_ptr_nonnull(handover);
}

static void
close_one(void)
{
    gruvid__handover_free(handover);
}

static void
put(const char *name, const char *text)
{
    ck_assert_int_eq(gruvid__handover_put(handover, name, text, strlen(text)),
                     0);
}

static void
expect(const char *name, const char *text)
{
    size_t size = 99;
    const char *bytes = gruvid__handover_get(handover, name, &size);

    ck_assert_ptr_nonnull(bytes);
    ck_assert_str_eq(bytes, text);
    ck_assert_uint_eq(size, strlen(text));
}

static bool
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(test_bytes_are_copied_and_found_by_name)
{
    char text[] = "one";

    put("a", text);
    put("b", "two");
    text[0] = 'X';
    expect("a", "one");
    expect("b", "two");
    ck_assert_ptr_nonnull(gruvid__handover_get(handover, "a", NULL));
}
END_TEST

START_TEST(test_what_was_not_given_is_not_there)
{
    size_t size = 99;

    ck_assert_ptr_null(gruvid__handover_get(handover, "a", &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(gruvid__handover_take_fd(handover, "a"), UV_ENOENT);
}
END_TEST

START_TEST(test_nothing_at_all_can_be_given)
{
    ck_assert_int_eq(gruvid__handover_put(handover, "a", NULL, 0), 0);
    expect("a", "");
}
END_TEST

START_TEST(test_a_second_put_replaces_the_first)
{
    int fd;

    put("a", "one");
    put("a", "another");
    expect("a", "another");
    ck_assert_int_eq(gruvid__handover_put_fd(handover, "a", 0), 0);
    ck_assert_ptr_null(gruvid__handover_get(handover, "a", NULL));
    fd = gruvid__handover_take_fd(handover, "a");
    ck_assert_int_gt(fd, 0);
    close(fd);
    ck_assert_ptr_null(gruvid__handover_get(handover, "a", NULL));
}
END_TEST

START_TEST(test_calls_without_sense_are_refused)
{
    ck_assert_int_eq(gruvid__handover_put(handover, NULL, "x", 1), UV_EINVAL);
    ck_assert_int_eq(gruvid__handover_put(handover, "", "x", 1), UV_EINVAL);
    ck_assert_int_eq(gruvid__handover_put(handover, "a", NULL, 1), UV_EINVAL);
    ck_assert_int_eq(gruvid__handover_put_fd(handover, "a", -1), UV_EBADF);
    ck_assert_int_eq(gruvid__handover_put_fd(handover, "", 0), UV_EINVAL);
}
END_TEST

START_TEST(test_64_MiB_are_the_most_in_all)
{
    size_t half = GRUVID__HANDOVER_MOST / 2;
    char *data = calloc(1, GRUVID__HANDOVER_MOST);

    ck_assert_ptr_nonnull(data);
    ck_assert_int_eq(
        gruvid__handover_put(handover, "a", data, GRUVID__HANDOVER_MOST),
        UV_E2BIG);
    ck_assert_int_eq(gruvid__handover_put(handover, "a", data, SIZE_MAX),
                     UV_E2BIG);
    ck_assert_int_eq(gruvid__handover_put(handover, "a", data, half), 0);
    ck_assert_int_eq(gruvid__handover_put(handover, "b", data, half), UV_E2BIG);
    ck_assert_int_eq(gruvid__handover_put(handover, "b", data, half - 2), 0);
    ck_assert_int_eq(gruvid__handover_put_fd(handover, "c", 0), UV_E2BIG);
    /* What is replaced does not count. */
    ck_assert_int_eq(gruvid__handover_put(handover, "a", data, half), 0);
    put("a", "");
    put("c", "x");
    free(data);
}
END_TEST

START_TEST(test_descriptors_are_duplicates_and_not_for_programs)
{
    int fds[2], fd;

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(gruvid__handover_put_fd(handover, "a", fds[0]), 0);
    close(fds[0]);
    fd = gruvid__handover_take_fd(handover, "a");
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_eq(gruvid__handover_take_fd(handover, "a"), UV_ENOENT);
    close(fd);
    /* No duplicate is left. */
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(write(fds[1], "x", 1), -1);
    close(fds[1]);
}
END_TEST

START_TEST(test_descriptors_that_nobody_takes_are_closed)
{
    struct gruvid__handover *other = gruvid__handover_new();
    int next = dup(0);

    close(next);
    ck_assert_int_eq(gruvid__handover_put_fd(other, "a", 0), 0);
    ck_assert(is_open(next));
    gruvid__handover_free(other);
    ck_assert(!is_open(next));
    gruvid__handover_free(NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("handover");
    TCase *tc = tcase_create("items");

    tcase_add_checked_fixture(tc, open_one, close_one);
    tcase_add_test(tc, test_bytes_are_copied_and_found_by_name);
    tcase_add_test(tc, test_what_was_not_given_is_not_there);
    tcase_add_test(tc, test_nothing_at_all_can_be_given);
    tcase_add_test(tc, test_a_second_put_replaces_the_first);
    tcase_add_test(tc, test_calls_without_sense_are_refused);
    tcase_add_test(tc, test_64_MiB_are_the_most_in_all);
    tcase_add_test(tc, test_descriptors_are_duplicates_and_not_for_programs);
    tcase_add_test(tc, test_descriptors_that_nobody_takes_are_closed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
