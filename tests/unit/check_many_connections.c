/* SPDX-License-Identifier: MIT */
/* Many connections at once, in one process, both ends ours. */
#include "unit/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "support/valgrind.h"

#define MANY     TRIES(1000)
#define MESSAGES 10
#define RESETS   TRIES(200)

/* Where a fiber costs much more than it does otherwise, fewer tell as much. */
#if defined(HAVE_TSAN)
#define IDLE 300
#elif defined(__SANITIZE_ADDRESS__)
#define IDLE 2000
#else
#define IDLE 10000
#endif

/* Room for n connections; false where the system has none. */
static bool
have_descriptors(rlim_t n)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * n + 50 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    if (limit.rlim_cur >= 2 * n + 50)
        return true;
    printf("skipped: %d connections want more descriptors\n", (int)n);
    return false;
}

struct crowd {
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_fiber_t *server;
    gruvi_group_t clients;
    int arrived, done;
    gruvi_event_t all_there;
};

static int
echo(gruvi_stream_t *stream, void *arg)
{
    char buf[1000];
    ssize_t n;
    int err = 0;

    (void)arg;
    while (err == 0 && (n = gruvi_stream_read(stream, buf, sizeof buf)) > 0)
        err = gruvi_stream_write(stream, buf, (size_t)n);
    return err < 0 ? err : (int)n;
}

static int
run_server(void *arg)
{
    struct crowd *crowd = arg;

    return gruvi_serve(crowd->listener, echo, NULL, NULL);
}

/* Asks only when all others are connected, too. */
static int
run_client(void *arg)
{
    struct crowd *crowd = arg;
    gruvi_stream_t *stream;
    char ask[64], answer[64];

    ck_assert_int_eq(gruvi_connect(&stream, crowd->address, NULL, 60), 0);
    if (++crowd->arrived == MANY)
        gruvi_event_set(&crowd->all_there);
    ck_assert_int_eq(gruvi_event_wait(&crowd->all_there, 60), 0);
    for (size_t n = 0; n < MESSAGES; n++) {
        fill_pattern(ask, sizeof ask, n + (size_t)crowd->done);
        ck_assert_int_eq(gruvi_stream_write(stream, ask, sizeof ask), 0);
        ck_assert_int_eq(gruvi_stream_read_exact(stream, answer, sizeof answer),
                         0);
        ck_assert_mem_eq(answer, ask, sizeof ask);
    }
    gruvi_stream_close(stream);
    crowd->done++;
    return 0;
}

static void
begin_crowd(struct crowd *crowd, int kind)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->listener = net_listen(kind, crowd->address);
    crowd->server = spawn(run_server, crowd);
    ck_assert_int_eq(gruvi_event_init(&crowd->all_there), 0);
    ck_assert_int_eq(gruvi_group_init(&crowd->clients, "clients"), 0);
}

static void
add_clients(struct crowd *crowd, gruvi_fiber_fn client, int n)
{
    while (n-- > 0)
        gruvi_fiber_unref(gruvi_group_spawn(&crowd->clients, client, crowd));
}

static void
end_crowd(struct crowd *crowd)
{
    ck_assert_int_eq(gruvi_group_join(&crowd->clients, GRUVI_FOREVER), 0);
    gruvi_group_destroy(&crowd->clients);
    gruvi_event_destroy(&crowd->all_there);
    gruvi_fiber_cancel(crowd->server, NULL);
    ck_assert_int_eq(finish(crowd->server), UV_ECANCELED);
    gruvi_listener_close(crowd->listener);
}

HUB_TEST(test_a_thousand_connections_echo)
{
    struct crowd crowd;

    if (!have_descriptors(MANY))
        return;
    begin_crowd(&crowd, i);
    add_clients(&crowd, run_client, MANY);
    ck_assert_int_eq(gruvi_group_join(&crowd.clients, GRUVI_FOREVER), 0);
    wait_until(fibers_of(hub) == 1); /* who serves */
    end_crowd(&crowd);
    ck_assert_int_eq(crowd.done, MANY);
    ck_assert_int_eq(logged(NULL), 0);
}

/* --- many that say little ---------------------------------------------------
 */

/* As many as there may be descriptors for: each has two. */
static int
idle_count(void)
{
    int most = TRIES(IDLE);
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2 * (rlim_t)most + 100)
        most = ((int)limit.rlim_max - 100) / 2;
    return most;
}

static void
echo_once(gruvi_stream_t *stream, int n)
{
    char answer[sizeof n];

    ck_assert_int_eq(gruvi_stream_write(stream, &n, sizeof n), 0);
    ck_assert_int_eq(gruvi_stream_read_exact(stream, answer, sizeof answer), 0);
    ck_assert_mem_eq(answer, &n, sizeof n);
}

/* They are served by a fiber each, and opened by one. */
HUB_TEST(test_ten_thousand_idle_connections_wake_and_go)
{
    int n, count = idle_count();
    gruvi_stream_t **streams = calloc((size_t)count, sizeof *streams);
    struct crowd crowd;

    ck_assert_ptr_nonnull(streams);
    begin_crowd(&crowd, i);
    for (n = 0; n < count; n++)
        ck_assert_int_eq(gruvi_connect(&streams[n], crowd.address, NULL, 60),
                         0);
    wait_until(fibers_of(hub) == 1 + (size_t)count);
    for (n = 0; n < count; n++)
        echo_once(streams[n], n);
    ck_assert_uint_eq(fibers_of(hub), 1 + (size_t)count);
    for (n = 0; n < count; n++)
        gruvi_stream_close(streams[n]);
    wait_until(fibers_of(hub) == 1);
    end_crowd(&crowd);
    ck_assert_int_eq(logged(NULL), 0);
    free(streams);
}

/* Sends more than comes back before it breaks the connection. */
static int
run_breaker(void *arg)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct crowd *crowd = arg;
    gruvi_stream_t *stream;
    char buf[5000] = "";

    ck_assert_int_eq(gruvi_connect(&stream, crowd->address, NULL, 60), 0);
    for (int n = 0; n < 4; n++)
        ck_assert_int_eq(gruvi_stream_write(stream, buf, sizeof buf), 0);
    ck_assert_int_gt(gruvi_stream_read(stream, buf, sizeof buf), 0);
    ck_assert_int_eq(setsockopt(gruvi_stream_fd(stream), SOL_SOCKET, SO_LINGER,
                                &linger, sizeof linger),
                     0);
    gruvi_stream_close(stream);
    return 0;
}

static int
run_bystander(void *arg)
{
    struct crowd *crowd = arg;

    crowd->arrived = MANY - 1;
    return run_client(crowd);
}

HUB_TEST(test_two_hundred_resets_harm_nobody)
{
    struct crowd crowd;

    if (!have_descriptors(RESETS))
        return;
    begin_crowd(&crowd, NET_TCP);
    for (int n = 0; n < 10; n++) {
        add_clients(&crowd, run_breaker, RESETS / 10);
        add_clients(&crowd, run_bystander, 1);
    }
    /* The server alone is left: every handler has noticed. */
    wait_until(gruvi_group_size(&crowd.clients) == 0 && fibers_of(hub) == 1);
    end_crowd(&crowd);
    ck_assert_int_eq(crowd.done, 10);
    ck_assert_int_eq(logged("warning"), 0);
    ck_assert_int_eq(logged("error"), 0);
}

/* --- anything at any moment --------------------------------------------------
 */

#define PAIRS 20
#define STEPS TRIES(3000)

/* One end of a connection, with a fiber that reads it and one that writes. */
struct end {
    gruvi_stream_t *stream; /* NULL: closed */
    gruvi_fiber_t *reader, *writer;
    unsigned seed;
};

/* Whatever the others do to it, this is what a call may say. */
static bool
is_allowed(ssize_t result)
{
    return result >= 0 || result == UV_ECANCELED || result == UV_ETIMEDOUT ||
           result == UV_ECONNABORTED || result == UV_ECONNRESET ||
           result == UV_EPIPE || result == UV_EOF || result == UV_E2BIG;
}

static int
read_on(void *arg)
{
    struct end *end = arg;
    char buf[6000];
    ssize_t n;

    while (end->stream != NULL) {
        size_t len = 1 + (size_t)rand_r(&end->seed) % sizeof buf;

        n = read_by(rand_r(&end->seed) % READS, end->stream, buf, len);
        ck_assert_msg(is_allowed(n), "read: %s", gruvi_strerror((int)n));
        if (n <= 0 && gruvi_sleep(0) == UV_ESHUTDOWN)
            break;
    }
    return 0;
}

static int
write_on(void *arg)
{
    static const char zeros[30000];
    struct end *end = arg;
    int err = 0;

    while (end->stream != NULL) {
        err = gruvi_stream_write(end->stream, zeros,
                                 (size_t)rand_r(&end->seed) % sizeof zeros);
        ck_assert_msg(is_allowed(err), "write: %s", gruvi_strerror(err));
        if (err < 0 && gruvi_sleep(0) == UV_ESHUTDOWN)
            break;
    }
    return 0;
}

static void
begin_end(struct end *end, gruvi_stream_t *stream, unsigned seed)
{
    *end = (struct end){.stream = stream, .seed = seed};
    end->reader = spawn(read_on, end);
    end->writer = spawn(write_on, end);
}

static void
close_end(struct end *end)
{
    gruvi_stream_t *stream = end->stream;

    end->stream = NULL;
    gruvi_stream_close(stream);
}

static void
finish_end(struct end *end)
{
    finish(end->reader);
    finish(end->writer);
}

static void
open_pair(struct end pair[2], int kind, unsigned seed)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(kind, address);
    gruvi_stream_t *a, *b;

    ck_assert_int_eq(gruvi_connect(&a, address, NULL, 60), 0);
    ck_assert_int_eq(gruvi_accept(listener, &b, 60), 0);
    gruvi_listener_close(listener);
    begin_end(&pair[0], a, seed);
    begin_end(&pair[1], b, seed + 1);
}

static void
disturb(struct end *end, unsigned *seed)
{
    switch (rand_r(seed) % 6) {
    case 0:
        gruvi_fiber_cancel(end->reader, NULL);
        break;
    case 1:
        gruvi_fiber_cancel(end->writer, NULL);
        break;
    case 2:
        if (end->stream != NULL)
            gruvi_stream_set_timeout(end->stream, rand_r(seed) % 4 * 0.001);
        break;
    case 3:
        if (end->stream != NULL)
            gruvi_stream_set_timeout(end->stream, GRUVI_FOREVER);
        break;
    case 4:
        if (end->stream != NULL && rand_r(seed) % 8 == 0)
            gruvi_stream_shutdown(end->stream);
        break;
    default:
        if (rand_r(seed) % 8 == 0)
            close_end(end);
        break;
    }
}

/* With a sanitizer this finds memory that is used after its end. */
HUB_TEST(test_anything_may_happen_at_any_moment)
{
    static struct end pairs[PAIRS][2];
    unsigned seed = (unsigned)i;

    for (int n = 0; n < PAIRS; n++)
        open_pair(pairs[n], (n + i) % NET_KINDS, seed + 100 * (unsigned)n);
    for (int step = 0; step < STEPS; step++) {
        struct end *pair = pairs[rand_r(&seed) % PAIRS];

        disturb(&pair[rand_r(&seed) % 2], &seed);
        if (rand_r(&seed) % 4 == 0)
            turns(1);
        if (pair[0].stream == NULL && pair[1].stream == NULL) {
            finish_end(&pair[0]);
            finish_end(&pair[1]);
            open_pair(pair, rand_r(&seed) % NET_KINDS, seed);
        }
    }
    for (int n = 0; n < PAIRS; n++)
        for (int side = 0; side < 2; side++)
            close_end(&pairs[n][side]);
    for (int n = 0; n < PAIRS; n++)
        for (int side = 0; side < 2; side++)
            finish_end(&pairs[n][side]);
}

int
main(void)
{
    Suite *suite = suite_create("many_connections");
    TCase *tc = tcase_create("crowd");

    tcase_add_loop_test(tc, test_a_thousand_connections_echo, 0, NET_KINDS);
    tcase_add_loop_test(tc, test_ten_thousand_idle_connections_wake_and_go, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_two_hundred_resets_harm_nobody);
    tcase_add_loop_test(tc, test_anything_may_happen_at_any_moment, 0, 4);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
