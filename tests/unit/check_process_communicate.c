/* SPDX-License-Identifier: MIT */
/* Talking to processes, without a deadlock. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/net.h"
#include "unit/processes.h"

#define MUCH ((size_t)2 << 20) /* more than all buffers on the way hold */

/* Room for output, full of something else. */
static uv_buf_t
room(size_t size)
{
    uv_buf_t buf = uv_buf_init(malloc(size), (unsigned)size);

    ck_assert_ptr_nonnull(buf.base);
    memset(buf.base, '#', size);
    return buf;
}

/* It is not there any more, and was killed. */
static void
was_killed(gruvi_process_t *p)
{
    int signum;

    ck_assert_int_eq(gruvi_process_wait(p, NULL, &signum, 0), 0);
    ck_assert_int_eq(signum, SIGKILL);
}

HUB_TEST(test_much_goes_in_and_comes_out)
{
    gruvi_process_t *p = begin_script("cat", GRUVI_STDIO_PIPE);
    uv_buf_t out = room(MUCH), err = room(MUCH);
    char *input = malloc(MUCH);

    fill_pattern(input, MUCH, 0);
    ck_assert_int_eq(
        gruvi_process_communicate(p, input, MUCH, &out, &err, GRUVI_FOREVER),
        0);
    ck_assert_uint_eq(out.len, MUCH);
    ck_assert(is_pattern(out.base, MUCH, 0));
    ck_assert_uint_eq(err.len, 0);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
    free(input);
    free(out.base);
    free(err.base);
}

/* Errors first, then output, each more than the buffers hold. */
HUB_TEST(test_whichever_comes_first_is_read)
{
    gruvi_process_t *p =
        begin_script("head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero;"
                     "exit 3",
                     GRUVI_STDIO_PIPE);
    uv_buf_t out = room(1000000), err = room(1000000);

    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, &out, &err, GRUVI_FOREVER), 0);
    ck_assert_uint_eq(out.len, 1000000);
    ck_assert_uint_eq(err.len, 1000000);
    ck_assert_int_eq(memchr(out.base, '#', out.len) != NULL, 0);
    ck_assert_int_eq(memchr(err.base, '#', err.len) != NULL, 0);
    ends_with(p, 3, 0);
    gruvi_process_close(p);
    free(out.base);
    free(err.base);
}

HUB_TEST(test_input_that_is_not_read_is_no_error)
{
    gruvi_process_t *p = begin_script("exit 4", GRUVI_STDIO_PIPE);
    char *input = calloc(1, MUCH);

    ck_assert_int_eq(
        gruvi_process_communicate(p, input, MUCH, NULL, NULL, GRUVI_FOREVER),
        0);
    ends_with(p, 4, 0);
    gruvi_process_close(p);
    free(input);
}

HUB_TEST(test_output_that_nobody_wants_is_dropped)
{
    gruvi_process_t *p =
        begin_script("head -c 3000000 /dev/zero; echo x >&2", GRUVI_STDIO_PIPE);

    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, NULL, NULL, GRUVI_FOREVER), 0);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
}

HUB_TEST(test_without_pipes_it_just_waits)
{
    gruvi_process_t *p = begin_script("exit 2", GRUVI_STDIO_NULL);
    uv_buf_t out = room(8);

    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, &out, NULL, GRUVI_FOREVER), 0);
    ck_assert_uint_eq(out.len, 0);
    ends_with(p, 2, 0);
    /* And once more it is over at once. */
    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, NULL, NULL, GRUVI_FOREVER), 0);
    gruvi_process_close(p);
    free(out.base);
}

/* --- what does not come to its end ------------------------------------------
 */

HUB_TEST(test_what_fits_just_fits)
{
    uv_buf_t out;
    gruvi_process_t *p;

    for (size_t size = 3; size <= 5; size++) {
        p = begin_script("printf 1234", GRUVI_STDIO_PIPE);
        out = room(size);
        ck_assert_int_eq(
            gruvi_process_communicate(p, NULL, 0, &out, NULL, GRUVI_FOREVER),
            size < 4 ? UV_E2BIG : 0);
        ck_assert_uint_eq(out.len, size < 4 ? size : 4);
        ck_assert_int_eq(memcmp(out.base, "1234", out.len), 0);
        gruvi_process_close(p);
        free(out.base);
    }
}

HUB_TEST(test_more_output_than_fits_ends_it)
{
    gruvi_process_t *p = begin_script("exec yes", GRUVI_STDIO_PIPE);
    uv_buf_t out = room(1000);

    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, &out, NULL, GRUVI_FOREVER),
        UV_E2BIG);
    ck_assert_uint_eq(out.len, 1000);
    was_killed(p);
    gruvi_process_close(p);
    free(out.base);
}

HUB_TEST(test_a_timeout_kills_it)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_PIPE);

    ck_assert_int_eq(gruvi_process_communicate(p, NULL, 0, NULL, NULL, 0.01),
                     UV_ETIMEDOUT);
    was_killed(p);
    gruvi_process_close(p);
}

/* What the shell has started holds the output open. */
HUB_TEST(test_a_timeout_kills_the_group_where_there_is_one)
{
    gruvi_process_options_t options =
        script("sleep 1000 & sleep 1000", GRUVI_STDIO_PIPE);
    gruvi_process_t *p;

    options.flags = GRUVI_PROCESS_SESSION;
    p = begin_process(&options);
    ck_assert_int_eq(gruvi_process_communicate(p, NULL, 0, NULL, NULL, 0.01),
                     UV_ETIMEDOUT);
    was_killed(p);
    says(p, 1, "");
    gruvi_process_close(p);
}

static int
communicate(void *arg)
{
    int err =
        gruvi_process_communicate(arg, NULL, 0, NULL, NULL, GRUVI_FOREVER);

    record("%s", gruvi_err_name(err));
    return 0;
}

static void
begin_to_communicate(gruvi_process_t *p, gruvi_fiber_t **fiber)
{
    *fiber = spawn(communicate, p);
    wait_until(strcmp(gruvi_fiber_waiting_for(*fiber), "process") == 0);
}

/* Nor does it help to end before: i is the room for what was left to say. */
HUB_TEST(test_also_when_its_leader_has_ended)
{
    gruvi_process_options_t options =
        script("echo much; sleep 1000 &", GRUVI_STDIO_PIPE);
    uv_buf_t out = room((size_t)i);
    gruvi_process_t *p;

    options.flags = GRUVI_PROCESS_SESSION;
    p = begin_process(&options);
    ends_with(p, 0, 0);
    ck_assert_int_eq(gruvi_process_communicate(p, NULL, 0, &out, NULL,
                                               i < 5 ? GRUVI_FOREVER : 0.01),
                     i < 5 ? UV_E2BIG : UV_ETIMEDOUT);
    says(p, 1, ""); /* nobody has the pipe any more */
    gruvi_process_close(p);
    free(out.base);
}

/* It runs as root, and we do not, so it goes on until its input ends. */
static void
communicate_in_vain(void *arg)
{
    gruvi_process_options_t options = script("exec cat", GRUVI_STDIO_PIPE);
    gruvi_fiber_t *fiber;
    gruvi_process_t *p;
    pid_t pid;
    int ends[2];

    options.flags = arg != NULL ? GRUVI_PROCESS_SESSION : 0;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    options.stdio[0].kind = GRUVI_STDIO_FD;
    options.stdio[0].fd = ends[0];
    p = begin_process(&options);
    pid = gruvi_process_pid(p);
    ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
    ck_assert_int_eq(gruvi_process_communicate(p, NULL, 0, NULL, NULL, 0.01),
                     UV_ETIMEDOUT);
    begin_to_communicate(p, &fiber);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    ck_assert_str_eq(recorded(), "ECANCELED");
    ck_assert_int_eq(gruvi_process_kill(p, 0), UV_EPERM); /* it still runs */
    close(ends[0]);
    close(ends[1]);
    ends_with(p, 0, 0);
    gruvi_process_close(p);
    ck_assert(!is_there(pid));
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_one_that_may_not_be_killed_is_not_waited_for)
{
    if (geteuid() != 0) {
        printf("skipped: only root can have a process that is not to be "
               "killed\n");
        return;
    }
    ck_assert_int_eq(
        in_child(communicate_in_vain, _i == 0 ? NULL : &_i, NULL, 0), 0);
}
END_TEST

HUB_TEST(test_a_cancel_kills_it)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_PIPE);
    gruvi_fiber_t *fiber;

    begin_to_communicate(p, &fiber);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    ck_assert_str_eq(recorded(), "ECANCELED");
    was_killed(p);
    gruvi_process_close(p);
}

struct talk {
    gruvi_process_t *process;
    uv_buf_t out;
    int result;
};

static int
keep_output(void *arg)
{
    struct talk *talk = arg;

    talk->result = gruvi_process_communicate(talk->process, NULL, 0, &talk->out,
                                             NULL, GRUVI_FOREVER);
    return 0;
}

HUB_TEST(test_what_came_before_it_was_killed_is_there)
{
    struct talk talk = {.out = room(100)};
    gruvi_fiber_t *fiber;
    gruvi_stream_t *s;

    talk.process =
        begin_script("printf begun; exec sleep 1000", GRUVI_STDIO_PIPE);
    s = gruvi_process_stream(talk.process, 1);
    fiber = spawn(keep_output, &talk);
    wait_until(gruvi_stream_traffic(s) == 5);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    ck_assert_int_eq(talk.result, UV_ECANCELED);
    ck_assert_uint_eq(talk.out.len, 5);
    ck_assert_int_eq(memcmp(talk.out.base, "begun", 5), 0);
    was_killed(talk.process);
    gruvi_process_close(talk.process);
    free(talk.out.base);
}

/* Also while it waits for the process alone. */
HUB_TEST(test_a_deadline_kills_it)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_NULL);

    GRUVI_WITH_SWITCH_BACK (sb, 0.01) {
        ck_assert_int_eq(
            gruvi_process_communicate(p, NULL, 0, NULL, NULL, GRUVI_FOREVER),
            UV_ETIMEDOUT);
        ck_assert(gruvi_switch_back_timed_out(&sb));
    }
    was_killed(p);
    gruvi_process_close(p);
}

HUB_TEST(test_a_hub_that_closes_kills_it)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_PIPE);
    pid_t pid = gruvi_process_pid(p);
    gruvi_fiber_t *fiber;

    begin_to_communicate(p, &fiber);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "ECANCELED");
    ck_assert(!is_there(pid));
    gruvi_fiber_unref(fiber);
    gruvi_process_close(p);
}

HUB_TEST(test_closing_it_meanwhile_is_told)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_PIPE);
    pid_t pid = gruvi_process_pid(p);
    gruvi_fiber_t *fiber;

    begin_to_communicate(p, &fiber);
    gruvi_process_close(p);
    finish(fiber);
    ck_assert_str_eq(recorded(), "ECONNABORTED");
    wait_until(!is_there(pid));
}

static int
close_process(void *arg)
{
    gruvi_process_close(arg);
    return 0;
}

/* The fibers that talk to it begin a turn later than it is closed. */
HUB_TEST(test_closing_it_at_once_is_told)
{
    gruvi_process_t *p = begin_script("exec sleep 1000", GRUVI_STDIO_PIPE);
    pid_t pid = gruvi_process_pid(p);
    gruvi_fiber_t *talks = spawn(communicate, p);

    finish(spawn(close_process, p));
    finish(talks);
    ck_assert_str_eq(recorded(), "ECONNABORTED");
    wait_until(!is_there(pid));
}

/* --- what is refused --------------------------------------------------------
 */

HUB_TEST(test_what_is_refused_does_nothing)
{
    gruvi_process_t *p = begin_script("cat", GRUVI_STDIO_PIPE), *q;
    pid_t pid = gruvi_process_pid(p);
    struct reader r;

    begin_read(&r, gruvi_process_stream(p, 1), READ, 10);
    ck_assert_int_eq(
        gruvi_process_communicate(p, NULL, 0, NULL, NULL, GRUVI_FOREVER),
        UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_write(gruvi_process_stream(p, 0), "x", 1), 0);
    ck_assert_int_eq(end_read(&r), 1);
    ck_assert_int_eq(gruvi_process_communicate(p, NULL, 0, NULL, NULL, NAN),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_process_communicate(NULL, NULL, 0, NULL, NULL, 0),
                     UV_EINVAL);
    q = begin_script("cat", GRUVI_STDIO_NULL);
    ck_assert_int_eq(gruvi_process_communicate(q, "x", 1, NULL, NULL, 0),
                     UV_EINVAL);
    ends_with(q, 0, 0);
    gruvi_process_close(q);
    ck_assert_int_eq(gruvi_stream_write(gruvi_process_stream(p, 0), "y", 1), 0);
    hears(gruvi_process_stream(p, 1), "y");
    gruvi_process_close(p);
    wait_until(!is_there(pid));
}

int
main(void)
{
    Suite *suite = suite_create("process_communicate");
    TCase *tc = tcase_create("to the end");

    tcase_add_test(tc, test_much_goes_in_and_comes_out);
    tcase_add_test(tc, test_whichever_comes_first_is_read);
    tcase_add_test(tc, test_input_that_is_not_read_is_no_error);
    tcase_add_test(tc, test_output_that_nobody_wants_is_dropped);
    tcase_add_test(tc, test_without_pipes_it_just_waits);
    tcase_add_test(tc, test_what_fits_just_fits);
    suite_add_tcase(suite, tc);
    tc = tcase_create("not to the end");
    tcase_add_test(tc, test_more_output_than_fits_ends_it);
    tcase_add_test(tc, test_a_timeout_kills_it);
    tcase_add_test(tc, test_a_timeout_kills_the_group_where_there_is_one);
    tcase_add_loop_test(tc, test_also_when_its_leader_has_ended, 4, 6);
    tcase_add_loop_test(tc, test_one_that_may_not_be_killed_is_not_waited_for,
                        0, 2);
    tcase_add_test(tc, test_a_cancel_kills_it);
    tcase_add_test(tc, test_what_came_before_it_was_killed_is_there);
    tcase_add_test(tc, test_a_deadline_kills_it);
    tcase_add_test(tc, test_a_hub_that_closes_kills_it);
    tcase_add_test(tc, test_closing_it_meanwhile_is_told);
    tcase_add_test(tc, test_closing_it_at_once_is_told);
    tcase_add_test(tc, test_what_is_refused_does_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
