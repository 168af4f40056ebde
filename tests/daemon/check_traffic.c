/* SPDX-License-Identifier: MIT */
/* Requests, counted by their route: tallies, threads, and no memory. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance/instance.h"
#include "request/count.h"
#include "support/suite.h"

#define HUBS 3

static struct gruvid__hubs hubs = {.n = HUBS};
static struct gruvid__instances instances;
static struct gruvid__line line;

/* Allocations that work; negative: all. */
static int left = -1;

int __real_posix_memalign(void **memory, size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);

int
__wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (left == 0)
        return ENOMEM;
    left -= left > 0;
    return __real_posix_memalign(memory, alignment, size);
}

static void
open_line(void)
{
    gruvid__instances_init(&instances, &hubs);
    ck_assert_int_eq(gruvid__traffic_open(&line, HUBS), 0);
}

static void
close_line(void)
{
    left = -1;
    gruvid__traffic_close(&line);
    gruvid__instances_free(&instances);
}

static struct gruvid__tally *
tally(const char *route)
{
    return gruvid__tally_of(&instances, &line, route);
}

START_TEST(test_a_route_is_found_again)
{
    struct gruvid__tally *users = tally("/users/{id}");

    ck_assert_str_eq(users->route, "/users/{id}");
    ck_assert_ptr_ne(tally("/users"), users);
    ck_assert_ptr_eq(tally("/users/{id}"), users);
    ck_assert_ptr_eq(tally(""), line.tallies);
    ck_assert_uint_eq((uintptr_t)&users->at[1] % 64, 0);
}
END_TEST

START_TEST(test_there_is_an_end_to_routes)
{
    char route[20];

    for (int i = 0; i < GRUVID__MOST_TALLIES; i++) {
        snprintf(route, sizeof route, "/%d", i);
        ck_assert_str_eq(tally(route)->route, route);
    }
    ck_assert_ptr_eq(tally("/one/more"), line.tallies);
    ck_assert_str_eq(tally("/7")->route, "/7");
}
END_TEST

START_TEST(test_without_memory_it_can_be_tried_again)
{
    struct gruvid__line other = {.next = NULL};

    left = 0;
    ck_assert_ptr_null(tally("/a"));
    for (int i = 0; i < 2; i++) {
        left = i;
        ck_assert_int_eq(gruvid__traffic_open(&other, HUBS), UV_ENOMEM);
        ck_assert_ptr_null(other.tallies);
        ck_assert_ptr_null(other.unrouted);
    }
    left = -1;
    ck_assert_str_eq(tally("/a")->route, "/a");
}
END_TEST

START_TEST(test_methods_are_a_few)
{
    static const char *const others[] = {"",    "G", "GE",   "GETS",
                                         "get", "P", "BREW", "other"};

    for (unsigned i = 0; i + 1 < GRUVID__METHODS; i++)
        ck_assert_uint_eq(gruvid__method_number(gruvid__method_name(i)), i);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_uint_eq(gruvid__method_number(others[i]),
                          GRUVID__METHODS - 1);
}
END_TEST

/* --- what becomes of a request -------------------------------------------- */

static struct gruvid__traffic
count(struct gruvid_request request, int result)
{
    struct gruvid__tally *counted = tally("/c");
    struct gruvid__traffic sum = {.open = 0};

    memset(counted->at, 0, HUBS * sizeof *counted->at);
    request.hub = 2;
    request.in.method = "PUT";
    gruvid__count_begin(&request, counted);
    ck_assert_uint_eq(counted->at[1].open, 1);
    ck_assert_int_eq(gruvid__count_end(&request, result), result);
    ck_assert_uint_eq(counted->at[1].open, 0);
    gruvid__traffic_add(&sum, &counted->at[1]);
    ck_assert_uint_eq(gruvid__traffic_done(&sum), 1);
    return sum;
}

#define REQUEST(...) ((struct gruvid_request){__VA_ARGS__})

START_TEST(test_each_end_is_counted)
{
    struct gruvid__traffic t =
        count(REQUEST(.status = 200, .n_read = 5, .sent = 7), 200);

    ck_assert_uint_eq(t.done[gruvid__method_number("PUT")][2], 1);
    ck_assert_uint_eq(t.received, 5);
    ck_assert_uint_eq(t.sent, 7);
    ck_assert_uint_eq(t.failed + t.cancelled + t.cut + t.timed_out, 0);
    t = count(REQUEST(.status = 504, .is_expired = true), 504);
    ck_assert_uint_eq(t.timed_out, 1);
    t = count(REQUEST(.status = 500, .has_failed = true), 500);
    ck_assert_uint_eq(t.failed, 1);
    ck_assert_uint_eq(t.cut, 0);
    t = count(REQUEST(.status = 0), 0);
    ck_assert_uint_eq(t.cancelled, 1);
    ck_assert_uint_eq(t.done[gruvid__method_number("PUT")][0], 1);
    t = count(REQUEST(.status = 200), UV_EPIPE);
    ck_assert_uint_eq(t.cancelled, 1);
    t = count(REQUEST(.status = 200, .is_gone = true), UV_EPROTO);
    ck_assert_uint_eq(t.cancelled, 1);
    t = count(REQUEST(.status = 200, .has_failed = true), UV_EIO);
    ck_assert_uint_eq(t.cut, 1);
    ck_assert_uint_eq(t.failed, 1);
}
END_TEST

/* --- threads -------------------------------------------------------------- */

#define TIMES 20000

static pthread_barrier_t together;

/* A hub: it finds its tally as the others do, and counts. */
static void *
be_a_hub(void *arg)
{
    struct gruvid__tally *mine;

    pthread_barrier_wait(&together);
    mine = tally("/both");
    for (int i = 0; i < TIMES; i++) {
        struct gruvid_request request = {.hub = *(unsigned *)arg,
                                         .in.method =
                                             i % 2 == 0 ? "GET" : "PATCH",
                                         .status = 200,
                                         .sent = 1};

        gruvid__count_begin(&request, mine);
        gruvid__count_end(&request, 200);
    }
    return mine;
}

static struct gruvid__traffic
sum_up(const struct gruvid__tally *both)
{
    struct gruvid__traffic sum = {.open = 0};

    for (unsigned i = 0; i < HUBS; i++)
        gruvid__traffic_add(&sum, &both->at[i]);
    return sum;
}

START_TEST(test_hubs_count_while_others_read)
{
    static unsigned numbers[HUBS] = {1, 2, 3};
    pthread_t threads[HUBS];
    uint64_t last = 0, done = 0, buckets = 0;
    struct gruvid__traffic sum;

    pthread_barrier_init(&together, NULL, HUBS + 1);
    for (unsigned i = 0; i < HUBS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, be_a_hub, &numbers[i]), 0);
    pthread_barrier_wait(&together);
    while (done < (uint64_t)HUBS * TIMES) {
        sum = sum_up(tally("/both"));
        done = gruvid__traffic_done(&sum);
        ck_assert_uint_ge(done, last);
        last = done;
    }
    for (unsigned i = 0; i < HUBS; i++) {
        void *found;

        pthread_join(threads[i], &found);
        ck_assert_ptr_eq(found, tally("/both"));
    }
    sum = sum_up(tally("/both"));
    ck_assert_uint_eq(sum.sent, (uint64_t)HUBS * TIMES);
    ck_assert_uint_eq(sum.open, 0);
    for (unsigned i = 0; i < GRUVID__TIME_BUCKETS; i++)
        buckets += sum.times.at[i];
    ck_assert_uint_eq(buckets, (uint64_t)HUBS * TIMES);
    pthread_barrier_destroy(&together);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("traffic");
    TCase *tc = tcase_create("traffic");

    tcase_add_checked_fixture(tc, open_line, close_line);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_route_is_found_again);
    tcase_add_test(tc, test_there_is_an_end_to_routes);
    tcase_add_test(tc, test_without_memory_it_can_be_tried_again);
    tcase_add_test(tc, test_methods_are_a_few);
    tcase_add_test(tc, test_each_end_is_counted);
    tcase_add_test(tc, test_hubs_count_while_others_read);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
