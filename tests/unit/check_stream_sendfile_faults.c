/* SPDX-License-Identifier: MIT */
/*
 * Sending files that are not in memory, by system calls that are interrupted,
 * do little, or fail.  The program is linked with WRAP_SENDFILE.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/clock.h"
#include "unit/net.h"

#define SIZE ((size_t)1200 << 10) /* three parts */

/* In the hub's thread only. */
static int interrupts;
static size_t most;
static int fail_with;
static bool cold;

/* In the pool's, where it is set. */
static uv_sem_t *stop_at, *go_on;

ssize_t __real_sendfile(int to, int from, off_t *offset, size_t len);
ssize_t __real_preadv2(int fd, const struct iovec *iov, int n, off_t offset,
                       int flags);
ssize_t __real_pread(int fd, void *buf, size_t len, off_t offset);

ssize_t __wrap_sendfile(int to, int from, off_t *offset, size_t len);
ssize_t __wrap_preadv2(int fd, const struct iovec *iov, int n, off_t offset,
                       int flags);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t offset);

static ssize_t
fails(int err)
{
    errno = err;
    return -1;
}

ssize_t
__wrap_sendfile(int to, int from, off_t *offset, size_t len)
{
    if (interrupts > 0) {
        interrupts--;
        return fails(EINTR);
    }
    if (fail_with != 0)
        return fails(fail_with);
    if (most > 0 && len > most)
        len = most;
    return __real_sendfile(to, from, offset, len);
}

ssize_t
__wrap_preadv2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
    if (interrupts > 0) {
        interrupts--;
        return fails(EINTR);
    }
    if (cold)
        return fails(EAGAIN);
    return __real_preadv2(fd, iov, n, offset, flags);
}

ssize_t
__wrap_pread(int fd, void *buf, size_t len, off_t offset)
{
    if (stop_at != NULL) {
        uv_sem_post(stop_at);
        uv_sem_wait(go_on);
        stop_at = NULL;
    }
    return __real_pread(fd, buf, len, offset);
}

struct sending {
    struct ends ends;
    gruvi_file_t *file;
    int64_t result;
};

static void
begin(struct sending *s)
{
    char path[] = "/tmp/gruvi-sendfile-XXXXXX", *data = malloc(SIZE);
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    unlink(path);
    fill_pattern(data, SIZE, 0);
    ck_assert_int_eq(write(fd, data, SIZE), (ssize_t)SIZE);
    free(data);
    ck_assert_int_eq(gruvi_file_from_fd(&s->file, fd), 0);
    open_ends(&s->ends, NET_UNIX);
    interrupts = fail_with = 0;
    most = 0;
    cold = false;
}

static void
end(struct sending *s)
{
    ck_assert_int_eq(gruvi_file_close(s->file), 0);
    close_ends(&s->ends);
}

static int
send_all(void *arg)
{
    struct sending *s = arg;

    s->result = gruvi_stream_sendfile(s->ends.stream, s->file, 0, -1);
    return 0;
}

/* The peer gets all of it, and nothing else. */
static void
send_and_get(struct sending *s)
{
    gruvi_fiber_t *fiber = spawn(send_all, s);
    static char buf[SIZE];
    size_t got = 0;
    ssize_t n;

    while (got < SIZE) {
        ck_assert_int_eq(gruvi_wait_fd(s->ends.peer, UV_READABLE, 60),
                         UV_READABLE);
        n = recv(s->ends.peer, buf + got, SIZE - got, 0);
        ck_assert_int_gt(n, 0);
        got += (size_t)n;
    }
    finish(fiber);
    ck_assert(is_pattern(buf, SIZE, 0));
    ck_assert_int_eq(s->result, (int64_t)SIZE);
    ck_assert_int_eq(recv(s->ends.peer, buf, 1, 0), -1);
}

HUB_TEST(test_what_is_interrupted_goes_on)
{
    struct sending s;

    begin(&s);
    interrupts = 5;
    send_and_get(&s);
    ck_assert_int_eq(interrupts, 0);
    end(&s);
}

HUB_TEST(test_little_by_little_it_goes_too)
{
    struct sending s;

    begin(&s);
    most = 1999;
    send_and_get(&s);
    end(&s);
}

HUB_TEST(test_an_error_kills_the_write_side)
{
    struct sending s;

    begin(&s);
    fail_with = EIO;
    ck_assert_int_eq(gruvi_stream_sendfile(s.ends.stream, s.file, 0, -1),
                     UV_EIO);
    ck_assert_int_eq(gruvi_stream_write(s.ends.stream, "x", 1), UV_EPIPE);
    end(&s);
}

HUB_TEST(test_what_is_not_at_hand_is_read_in_the_pool)
{
    gruvi_pool_stats_t before, after;
    struct sending s;

    begin(&s);
    cold = true;
    gruvi_pool_stats(gruvi_get_io_pool(), &before);
    send_and_get(&s);
    gruvi_pool_stats(gruvi_get_io_pool(), &after);
    ck_assert_uint_ge(after.done - before.done, 3); /* a part each */
    end(&s);
}

/* A sending whose first part is being read by a thread. */
static gruvi_fiber_t *
begin_to_read(struct sending *s, uv_sem_t sems[2])
{
    gruvi_fiber_t *fiber;

    begin(s);
    ck_assert_int_eq(uv_sem_init(&sems[0], 0), 0);
    ck_assert_int_eq(uv_sem_init(&sems[1], 0), 0);
    go_on = &sems[1];
    stop_at = &sems[0];
    cold = true;
    fiber = spawn(send_all, s);
    turns(2);
    uv_sem_wait(&sems[0]);
    ck_assert_str_eq(gruvi_fiber_waiting_for(fiber), "IO pool");
    return fiber;
}

static void
end_of_reading(struct sending *s, gruvi_fiber_t *fiber, uv_sem_t sems[2])
{
    turns(3);
    ck_assert(gruvi_fiber_alive(fiber));
    uv_sem_post(&sems[1]);
    finish(fiber);
    uv_sem_destroy(&sems[0]);
    uv_sem_destroy(&sems[1]);
    end(s);
}

/* Its number may be another's by now: nothing is sent there. */
HUB_TEST(test_a_stream_may_be_closed_while_a_thread_reads)
{
    struct sending s;
    uv_sem_t sems[2];
    gruvi_fiber_t *fiber = begin_to_read(&s, sems);

    ck_assert_int_eq(gruvi_file_close(s.file), UV_EBUSY);
    gruvi_stream_close(s.ends.stream);
    s.ends.stream = NULL;
    fail_with = EBADF;
    end_of_reading(&s, fiber, sems);
    ck_assert_int_eq(s.result, UV_ECONNABORTED);
}

/* It goes on with the part, and is cancelled where it would wait next. */
HUB_TEST(test_a_cancel_waits_for_the_thread_that_reads)
{
    struct sending s;
    uv_sem_t sems[2];
    gruvi_fiber_t *fiber = begin_to_read(&s, sems);

    gruvi_fiber_cancel(fiber, NULL);
    end_of_reading(&s, fiber, sems);
    ck_assert_int_eq(s.result, UV_ECANCELED);
}

/* A peer takes 5 s for 256 KiB, and 10 s for a part.  The time is virtual. */
THREAD_TEST(test_the_timeout_is_that_of_a_quarter_of_a_mebibyte)
{
    static char buf[8192];
    gruvi_fiber_t *fiber;
    struct sending s;
    size_t got = 0;
    ssize_t n;

    gruvi__clock_make_virtual();
    begin(&s);
    ck_assert_int_eq(setsockopt(gruvi_stream_fd(s.ends.stream), SOL_SOCKET,
                                SO_SNDBUF, &(int){4096}, sizeof(int)),
                     0);
    gruvi_stream_set_timeout(s.ends.stream, 8);
    fiber = spawn(send_all, &s);
    while (got < SIZE) {
        ck_assert_int_eq(gruvi_wait_fd(s.ends.peer, UV_READABLE, 60),
                         UV_READABLE);
        n = recv(s.ends.peer, buf, sizeof buf, 0);
        ck_assert_int_gt(n, 0);
        got += (size_t)n;
        ck_assert_int_eq(gruvi_sleep((double)n / (51 << 10)), 0);
    }
    finish(fiber);
    ck_assert_int_eq(s.result, (int64_t)SIZE);
    end(&s);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

int
main(void)
{
    Suite *suite = suite_create("stream_sendfile_faults");
    TCase *tc = tcase_create("faults");

    tcase_add_test(tc, test_what_is_interrupted_goes_on);
    tcase_add_test(tc, test_little_by_little_it_goes_too);
    tcase_add_test(tc, test_an_error_kills_the_write_side);
    tcase_add_test(tc, test_what_is_not_at_hand_is_read_in_the_pool);
    tcase_add_test(tc, test_a_stream_may_be_closed_while_a_thread_reads);
    tcase_add_test(tc, test_a_cancel_waits_for_the_thread_that_reads);
    tcase_add_test(tc, test_the_timeout_is_that_of_a_quarter_of_a_mebibyte);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
