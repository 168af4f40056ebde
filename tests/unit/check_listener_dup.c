/* SPDX-License-Identifier: MIT */
/* Duplicates of listeners: one socket, in one hub and in several. */
#include "unit/net.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>

#include "io/socket/address.h"

static gruvi_listener_t *
dup_of(gruvi_listener_t *listener)
{
    gruvi_listener_t *dup;

    ck_assert_int_eq(gruvi_listener_dup(listener, &dup), 0);
    return dup;
}

static void
accepts(gruvi_listener_t *listener)
{
    gruvi_stream_t *stream;

    ck_assert_int_eq(gruvi_accept(listener, &stream, GRUVI_FOREVER), 0);
    gruvi_stream_close(stream);
}

/* --- one hub -------------------------------------------------------------- */

HUB_TEST(test_a_duplicate_has_the_socket_and_its_queue)
{
    char address[GRUVI_ADDRESS_SIZE], same[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *first = net_listen(i, address), *second;
    int before, after;

    before = net_connect(address);
    second = dup_of(first);
    ck_assert_int_eq(gruvi_listener_address(second, same, sizeof same), 0);
    ck_assert_str_eq(same, address);
    accepts(second);
    after = net_connect(address);
    gruvi_listener_close(first);
    accepts(second);
    close(before);
    close(after);
    gruvi_listener_close(second);
}

HUB_TEST(test_a_duplicate_removes_no_file)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *first, *second, *third;
    int fd;

    snprintf(address, sizeof address, "unix:%s/socket", net_folder());
    ck_assert_int_eq(gruvi_listen(&first, address, NULL), 0);
    second = dup_of(first);
    third = dup_of(second);
    gruvi_listener_close(second);
    ck_assert_int_eq(access(address + 5, F_OK), 0);
    fd = net_connect(address);
    gruvi_listener_close(first);
    ck_assert_int_lt(access(address + 5, F_OK), 0);
    accepts(third);
    gruvi_listener_close(third);
    close(fd);
    net_folder_end();
}

HUB_TEST(test_what_is_missing_is_refused)
{
    gruvi_listener_t *dup = (void *)&dup;

    ck_assert_int_eq(gruvi_listener_dup(NULL, &dup), UV_EINVAL);
    ck_assert_ptr_null(dup);
    ck_assert_int_eq(gruvi_listener_dup(NULL, NULL), UV_EINVAL);
}

HUB_TEST(test_without_descriptors_there_is_no_duplicate)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address), *dup = listener;
    int fd;

    net_spare(0);
    ck_assert_int_eq(gruvi_listener_dup(listener, &dup), UV_EMFILE);
    ck_assert_ptr_null(dup);
    net_spare_all();
    fd = net_connect(address);
    accepts(listener);
    gruvi_listener_close(listener);
    close(fd);
}

/* Whoever got the descriptor of any of them may have made it blocking. */
HUB_TEST(test_no_duplicate_keeps_the_hub)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *first = net_listen(NET_TCP, address);
    gruvi_listener_t *second = dup_of(first);
    gruvi_stream_t *stream;
    int fd;

    fd = gruvi_listener_fd(i == 0 ? first : second);
    ck_assert_int_eq(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
    ck_assert_int_eq(gruvi_accept(second, &stream, 0), UV_ETIMEDOUT);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    ck_assert_int_eq(gruvi_accept(first, &stream, 0), UV_ETIMEDOUT);
    gruvi_listener_close(first);
    gruvi_listener_close(second);
}

/* --- clients meanwhile ---------------------------------------------------- */

struct clients {
    struct gruvi__address at;
    bool end;    /* atomic */
    bool failed; /* atomic */
    unsigned done;
};

/* A client gets its byte, and then the end. */
static bool
is_greeted(int fd, const struct gruvi__address *at)
{
    char c;

    return connect(fd, &at->at.any, at->length) == 0 && read(fd, &c, 1) == 1 &&
           read(fd, &c, 1) == 0;
}

/* No assertions here: libcheck is for one thread at a time. */
static void *
keep_connecting(void *arg)
{
    struct clients *clients = arg;
    bool ok = true;

    while (ok && !__atomic_load_n(&clients->end, __ATOMIC_RELAXED)) {
        int fd =
            socket(clients->at.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ok = is_greeted(fd, &clients->at);
        close(fd);
        __atomic_add_fetch(&clients->done, 1, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&clients->failed, !ok, __ATOMIC_RELAXED);
    return NULL;
}

static int
greet_all(void *arg)
{
    gruvi_stream_t *stream;
    int err;

    while ((err = gruvi_accept(arg, &stream, GRUVI_FOREVER)) == 0) {
        gruvi_stream_write(stream, "x", 1);
        gruvi_stream_close(stream);
    }
    return err;
}

/* Accept by a duplicate until some more clients were served. */
static void
serve_some(gruvi_listener_t *listener, struct clients *clients)
{
    unsigned until = __atomic_load_n(&clients->done, __ATOMIC_RELAXED) + 3;
    gruvi_listener_t *dup = dup_of(listener);
    gruvi_fiber_t *fiber = spawn(greet_all, dup);

    while (__atomic_load_n(&clients->done, __ATOMIC_RELAXED) < until &&
           !__atomic_load_n(&clients->failed, __ATOMIC_RELAXED))
        gruvi_sleep(0.0002);
    gruvi_fiber_cancel(fiber, NULL);
    ck_assert_int_eq(finish(fiber), UV_ECANCELED);
    gruvi_listener_close(dup);
}

HUB_TEST(test_clients_do_not_see_that_acceptors_change)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    struct clients clients = {.end = false};
    gruvi_fiber_t *fiber;
    pthread_t thread;

    ck_assert_int_eq(gruvi__address_parse(&clients.at, address), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, keep_connecting, &clients),
                     0);
    for (int n = 0; n < 50; n++)
        serve_some(listener, &clients);
    __atomic_store_n(&clients.end, true, __ATOMIC_RELAXED);
    fiber = spawn(greet_all, listener);
    while (pthread_tryjoin_np(thread, NULL) != 0)
        gruvi_sleep(0.0002);
    ck_assert(!clients.failed);
    gruvi_fiber_cancel(fiber, NULL);
    finish(fiber);
    gruvi_listener_close(listener);
}

/* --- several hubs --------------------------------------------------------- */

#define HUBS 3

struct hub {
    gruvi_listener_t *of; /* of the first hub */
    pthread_t thread;
    bool ok;
};

static bool
accept_by_duplicate(gruvi_listener_t *listener)
{
    gruvi_listener_t *dup;
    gruvi_stream_t *stream;
    int err;

    if (gruvi_listener_dup(listener, &dup) != 0)
        return false;
    err = gruvi_accept(dup, &stream, GRUVI_FOREVER);
    gruvi_stream_close(stream);
    gruvi_listener_close(dup);
    return err == 0;
}

static pthread_barrier_t all_done;

/* No assertions here either. */
static void
dup_elsewhere(void *arg)
{
    struct hub *hub = arg;
    gruvi_listener_t *dup;

    hub->ok = true;
    for (int n = 0; n < 20; n++) {
        hub->ok &= gruvi_listener_dup(hub->of, &dup) == 0;
        gruvi_listener_close(dup);
    }
    for (int n = 0; n < 5; n++)
        hub->ok &= accept_by_duplicate(hub->of);
    /* libuv closes descriptors by a system call that ThreadSanitizer does not
     * see: nobody gets their numbers before all are done. */
    pthread_barrier_wait(&all_done);
    gruvi_hub_close(gruvi_get_hub());
}

/* All at once: each connection goes to one of them, and none is lost. */
HUB_TEST(test_several_hubs_duplicate_one_listener)
{
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_listener_t *listener = net_listen(i, address);
    struct hub hubs[HUBS];
    int fds[HUBS * 5];

    pthread_barrier_init(&all_done, NULL, HUBS);
    for (int n = 0; n < HUBS; n++) {
        hubs[n].of = listener;
        hubs[n].thread = begin_thread(dup_elsewhere, &hubs[n]);
    }
    for (int n = 0; n < HUBS * 5; n++)
        fds[n] = net_connect(address);
    for (int n = 0; n < HUBS; n++) {
        end_thread(hubs[n].thread);
        ck_assert(hubs[n].ok);
    }
    for (int n = 0; n < HUBS * 5; n++)
        close(fds[n]);
    gruvi_listener_close(listener);
}

int
main(void)
{
    Suite *suite = suite_create("listener_dup");
    TCase *tc = tcase_create("dup");

    tcase_add_loop_test(tc, test_a_duplicate_has_the_socket_and_its_queue, 0,
                        NET_KINDS);
    tcase_add_test(tc, test_a_duplicate_removes_no_file);
    tcase_add_test(tc, test_what_is_missing_is_refused);
    tcase_add_loop_test(tc, test_no_duplicate_keeps_the_hub, 0, 2);
    tcase_add_loop_test(tc, test_clients_do_not_see_that_acceptors_change, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_several_hubs_duplicate_one_listener, 0,
                        NET_KINDS);
    tcase_add_loop_test(tc, test_without_descriptors_there_is_no_duplicate, 0,
                        NET_KINDS);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
