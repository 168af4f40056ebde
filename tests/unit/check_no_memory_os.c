/* SPDX-License-Identifier: MIT */
/* Signals, files and processes without memory: as check_no_memory.c. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "unit/failing.h"

static int
wait_for_signals(gruvi_hub_t *hub)
{
    static const int signums[] = {SIGHUP, SIGUSR1};
    gruvi_signal_t *watcher = (void *)&watcher;
    int err;

    (void)hub;
    err = gruvi_signal_open(&watcher, signums, 2);
    if (err < 0) {
        ck_assert_ptr_null(watcher);
        return err;
    }
    raise(SIGUSR1);
    ck_assert_int_eq(gruvi_signal_next(watcher, GRUVI_FOREVER), SIGUSR1);
    err = gruvi_signal_wait(SIGUSR1, 0.001);
    gruvi_signal_close(watcher);
    ck_assert_int_eq(gruvi_sleep(0), 0); /* the handles go */
    return err == UV_ETIMEDOUT ? 0 : err;
}

static int
use_files(gruvi_hub_t *hub)
{
    gruvi_file_t *file = (void *)&file, *again;
    gruvi_dirent_t entry;
    int err, fd;

    (void)hub;
    err = gruvi_file_open(&file, "/", O_RDONLY, 0);
    if (err < 0) {
        ck_assert_ptr_null(file);
        return err;
    }
    ck_assert_int_eq(gruvi_file_readdir(file, &entry, 1), 1);
    fd = dup(gruvi_file_fd(file));
    err = gruvi_file_from_fd(&again, fd);
    if (err < 0)
        ck_assert_int_eq(close(fd), 0); /* it is still ours */
    else
        ck_assert_int_eq(gruvi_file_close(again), 0);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    return err;
}

/* What was spawned, though it cannot be talked to, goes on and is let go. */
static int
talk_to_processes(gruvi_hub_t *hub)
{
    static char *args[] = {"cat", NULL};
    gruvi_process_options_t options = {.args = args};
    gruvi_process_t *p = (void *)&p;
    char buf[8] = "";
    uv_buf_t out = uv_buf_init(buf, sizeof buf);
    pid_t pid;
    int err;

    (void)hub;
    options.stdio[0].kind = options.stdio[1].kind = GRUVI_STDIO_PIPE;
    options.stdio[2].kind = GRUVI_STDIO_PIPE;
    err = gruvi_process_spawn(&p, &options);
    if (err < 0) {
        ck_assert_ptr_null(p);
        return err;
    }
    pid = gruvi_process_pid(p);
    err = gruvi_process_communicate(p, "hello", 5, &out, NULL, GRUVI_FOREVER);
    if (err == 0)
        ck_assert_str_eq(buf, "hello");
    gruvi_process_close(p);
    wait_until(kill(pid, 0) < 0);
    return err;
}

static const operation_fn operations[] = {wait_for_signals, use_files,
                                          talk_to_processes};

THREAD_TEST(test_each_operation_survives_each_allocation_that_fails)
{
    start_io_pool(); /* with one thread, so that it does not grow meanwhile */
    ck_assert_int_gt(sweep_operation(operations[i]), 0);
}

int
main(void)
{
    Suite *suite = suite_create("no_memory_os");
    TCase *tc = tcase_create("operations");

    failing_begin();
    tcase_add_loop_test(tc,
                        test_each_operation_survives_each_allocation_that_fails,
                        0, sizeof operations / sizeof *operations);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
