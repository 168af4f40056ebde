/* SPDX-License-Identifier: MIT */
/* Sending files to streams: to TCP and Unix sockets. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unit/net.h"

#define SIZE ((size_t)3 << 20)

static char path[] = "/tmp/gruvi-sendfile-XXXXXX";

/* A file with a pattern in it, which has no name any more. */
static gruvi_file_t *
pattern_file(size_t size)
{
    char *data = malloc(size);
    gruvi_file_t *file;
    int fd;

    strcpy(path + sizeof path - 7, "XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    unlink(path);
    fill_pattern(data, size, 0);
    ck_assert_int_eq(gruvi_file_from_fd(&file, fd), 0);
    ck_assert_int_eq(gruvi_file_write(file, data, size), 0);
    free(data);
    return file;
}

/* A fiber that sends, and a peer that reads what comes. */
struct sending {
    struct ends ends;
    gruvi_file_t *file;
    int64_t offset, length, result;
};

static int
send_it(void *arg)
{
    struct sending *s = arg;

    s->result =
        gruvi_stream_sendfile(s->ends.stream, s->file, s->offset, s->length);
    return 0;
}

static void
peer_gets(struct sending *s, size_t from, size_t len)
{
    char buf[65536];
    size_t got = 0;
    ssize_t n;

    while (got < len) {
        ck_assert_int_eq(gruvi_wait_fd(s->ends.peer, UV_READABLE, 60),
                         UV_READABLE);
        n = recv(s->ends.peer, buf, sizeof buf, 0);
        ck_assert_int_gt(n, 0);
        ck_assert(is_pattern(buf, (size_t)n, from + got));
        got += (size_t)n;
    }
    ck_assert_uint_eq(got, len);
    ck_assert_int_eq(recv(s->ends.peer, buf, 1, 0), -1);
}

static void
send_and_get(struct sending *s, int64_t offset, int64_t length, size_t wanted)
{
    gruvi_fiber_t *fiber;

    s->offset = offset;
    s->length = length;
    fiber = spawn(send_it, s);
    peer_gets(s, (size_t)offset, wanted);
    finish(fiber);
    ck_assert_int_eq(s->result, (int64_t)wanted);
}

HUB_TEST(test_any_part_of_a_file_is_sent)
{
    struct sending s;
    uint64_t before;

    open_ends(&s.ends, i);
    s.file = pattern_file(SIZE);
    before = gruvi_stream_traffic(s.ends.stream);
    send_and_get(&s, 0, -1, SIZE);
    ck_assert_uint_eq(gruvi_stream_traffic(s.ends.stream) - before, SIZE);
    send_and_get(&s, 0, (int64_t)SIZE, SIZE);
    send_and_get(&s, 12345, 700001, 700001);
    send_and_get(&s, (int64_t)SIZE - 10, 100, 10); /* it ends before */
    send_and_get(&s, (int64_t)SIZE, -1, 0);
    send_and_get(&s, (int64_t)SIZE + 5, 5, 0);
    send_and_get(&s, 5, 0, 0);
    ck_assert_int_eq(lseek(gruvi_file_fd(s.file), 0, SEEK_CUR), SIZE);
    ck_assert_int_eq(gruvi_stream_write(s.ends.stream, "after", 5), 0);
    peer_hears(&s.ends, "after");
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

static uint64_t
pool_work_done(void)
{
    gruvi_pool_stats_t stats;

    gruvi_pool_stats(gruvi_get_io_pool(), &stats);
    return stats.done;
}

static bool
is_at_hand(const gruvi_file_t *file)
{
    char c;
    struct iovec iov = {&c, 1};

    return preadv2(gruvi_file_fd(file), &iov, 1, 0, RWF_NOWAIT) == 1;
}

/* Where the file system can tell, and lets go of pages. */
HUB_TEST(test_what_is_not_in_memory_is_read_in_the_pool)
{
    struct sending s;
    uint64_t done;
    bool known;

    open_ends(&s.ends, NET_UNIX);
    s.file = pattern_file(SIZE);
    ck_assert_int_eq(gruvi_file_fsync(s.file), 0);
    known = is_at_hand(s.file);
    done = pool_work_done();
    send_and_get(&s, 0, -1, SIZE);
    if (known)
        ck_assert_uint_eq(pool_work_done(), done);
    posix_fadvise(gruvi_file_fd(s.file), 0, 0, POSIX_FADV_DONTNEED);
    known = known && !is_at_hand(s.file);
    send_and_get(&s, 0, -1, SIZE);
    if (known)
        ck_assert_uint_gt(pool_work_done(), done);
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

HUB_TEST(test_a_peer_that_is_gone_raises_no_sigpipe)
{
    struct sending s;
    int64_t sent = 0;

    open_ends(&s.ends, i);
    s.file = pattern_file(1000);
    peer_closes(&s.ends);
    for (int k = 0; k < 100 && sent >= 0; k++) {
        sent = gruvi_stream_sendfile(s.ends.stream, s.file, 0, -1);
        ck_assert_int_eq(gruvi_sleep(0.001), 0);
    }
    ck_assert(sent == UV_EPIPE || sent == UV_ECONNRESET);
    ck_assert_int_eq(gruvi_stream_write(s.ends.stream, "x", 1), UV_EPIPE);
    ck_assert_int_eq(gruvi_stream_sendfile(s.ends.stream, s.file, 0, -1),
                     UV_EPIPE);
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

HUB_TEST(test_a_sigpipe_of_the_program_stays_pending)
{
    sigset_t sigpipe, pending;
    struct sending s;
    int signum;

    open_ends(&s.ends, NET_UNIX);
    s.file = pattern_file(10);
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, NULL);
    raise(SIGPIPE);
    peer_closes(&s.ends);
    ck_assert_int_eq(gruvi_stream_sendfile(s.ends.stream, s.file, 0, -1),
                     UV_EPIPE);
    ck_assert_int_eq(sigpending(&pending), 0);
    ck_assert(sigismember(&pending, SIGPIPE));
    ck_assert_int_eq(sigwait(&sigpipe, &signum), 0);
    pthread_sigmask(SIG_UNBLOCK, &sigpipe, NULL);
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

HUB_TEST(test_closing_the_stream_ends_it)
{
    struct sending s = {.length = -1};
    gruvi_fiber_t *fiber;

    open_ends(&s.ends, i);
    s.file = pattern_file(SIZE);
    fill_up(s.ends.stream);
    fiber = spawn(send_it, &s);
    wait_until(strcmp(gruvi_fiber_waiting_for(fiber), "write") == 0);
    ck_assert_int_eq(gruvi_file_close(s.file), UV_EBUSY);
    ck_assert_int_eq(gruvi_stream_sendfile(s.ends.stream, s.file, 0, 1),
                     UV_EBUSY);
    gruvi_stream_close(s.ends.stream);
    s.ends.stream = NULL;
    finish(fiber);
    ck_assert_int_eq(s.result, UV_ECONNABORTED);
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

/* The position of such a device does not move. */
HUB_TEST(test_of_a_device_as_much_as_was_asked_for_is_sent)
{
    gruvi_file_t *file;
    struct ends ends;

    open_ends(&ends, i);
    ck_assert_int_eq(gruvi_file_open(&file, "/dev/zero", O_RDONLY, 0), 0);
    ck_assert_int_eq(gruvi_stream_sendfile(ends.stream, file, 0, 4096), 4096);
    ck_assert_uint_eq(peer_drains(&ends), 4096);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    close_ends(&ends);
}

/* The last offset has an end as well. */
HUB_TEST(test_nothing_is_behind_the_last_offset)
{
    struct sending s;

    open_ends(&s.ends, i);
    s.file = pattern_file(10);
    ck_assert_int_eq(
        gruvi_stream_sendfile(s.ends.stream, s.file, INT64_MAX, -1), 0);
    ck_assert_int_le(
        gruvi_stream_sendfile(s.ends.stream, s.file, INT64_MAX - 1, -1), 0);
    ck_assert_uint_eq(peer_drains(&s.ends), 0);
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

HUB_TEST(test_bad_arguments_change_nothing)
{
    struct sending s;

    open_ends(&s.ends, i);
    s.file = pattern_file(10);
    ck_assert_int_eq(gruvi_stream_sendfile(s.ends.stream, s.file, -1, 1),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_stream_sendfile(s.ends.stream, NULL, 0, 1),
                     UV_EINVAL);
    ck_assert_int_eq(
        gruvi_stream_sendfile(s.ends.stream, s.file, INT64_MAX, INT64_MAX),
        UV_EINVAL);
    send_and_get(&s, 0, -1, 10);
    ck_assert_int_eq(gruvi_file_close(s.file), 0);
    close_ends(&s.ends);
}

int
main(void)
{
    Suite *suite = suite_create("stream_sendfile");
    TCase *tc = tcase_create("sending");

    tcase_add_loop_test(tc, test_any_part_of_a_file_is_sent, 0, NET_KINDS);
    tcase_add_test(tc, test_what_is_not_in_memory_is_read_in_the_pool);
    tcase_add_loop_test(tc, test_a_peer_that_is_gone_raises_no_sigpipe, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_sigpipe_of_the_program_stays_pending);
    tcase_add_loop_test(tc, test_closing_the_stream_ends_it, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_of_a_device_as_much_as_was_asked_for_is_sent,
                        0, NET_KINDS);
    tcase_add_loop_test(tc, test_nothing_is_behind_the_last_offset, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_bad_arguments_change_nothing, 0, NET_KINDS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
