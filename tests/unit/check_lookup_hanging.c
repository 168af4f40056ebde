/* SPDX-License-Identifier: MIT */
/* Looking names up with a resolver that hangs until it is released. */
#include "unit/askers.h"

#define SHORT 0.002

/* --- a resolver that hangs --------------------------------------------------
 */

/* One that hangs in a thread, and that nobody waits for any more. */
static void
leave_hanging(void)
{
    struct asker a = {.hints = NULL};

    hold_lookups();
    begin_ask(&a, "slow.test", GRUVI_FOREVER);
    wait_until(held_lookups() == 1);
    gruvi_fiber_cancel(a.fiber, NULL);
    ck_assert_int_eq(end_ask(&a), UV_ECANCELED);
    ck_assert_int_eq(held_lookups(), 1);
}

HUB_TEST(test_a_timeout_ends_what_the_resolver_does_not)
{
    struct asker a = {.hints = NULL};

    begin();
    leave_hanging();
    begin_ask(&a, "slow.test", SHORT);
    ck_assert_int_eq(end_ask(&a), UV_ETIMEDOUT);
    begin_ask(&a, "slow.test", 0);
    ck_assert_int_eq(end_ask(&a), UV_ETIMEDOUT);
    ck_assert_int_eq(held_lookups(), 1);
    settle();
}

HUB_TEST(test_a_deadline_does_so_too)
{
    struct asker a = {.host = "slow.test", .timeout = GRUVI_FOREVER};

    begin();
    hold_lookups();
    GRUVI_WITH_SWITCH_BACK (sb, SHORT) {
        run_asker(&a);
    }
    ck_assert_int_eq(a.result, UV_ETIMEDOUT);
    settle();
}

HUB_TEST(test_the_hub_closes_without_it)
{
    struct asker a = {.hints = NULL};

    begin();
    hold_lookups();
    begin_ask(&a, "slow.test", GRUVI_FOREVER);
    wait_until(held_lookups() == 1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_int_eq(a.result, UV_ECANCELED);
    ck_assert_int_eq(held_lookups(), 1);
    gruvi_fiber_unref(a.fiber);
    settle();
}

static int
work(void *arg, void **result)
{
    *result = arg;
    return 0;
}

/* Nor does any other work of the pool wait for them. */
HUB_TEST(test_they_use_their_share_of_the_pool)
{
    static const char *const hosts[] = {
        "slow1.test", "slow2.test", "slow3.test", "slow4.test", "slow5.test"};
    struct asker a[5] = {{.hints = NULL}};
    void *result;

    begin();
    hold_lookups();
    for (int n = 0; n < 5; n++)
        begin_ask(&a[n], hosts[n], GRUVI_FOREVER);
    wait_until(held_lookups() == SHARE);
    for (int n = 0; n < 10; n++)
        ck_assert_int_eq(gruvi_blocking(work, &a, &result), 0);
    ck_assert_int_eq(held_lookups(), SHARE);
    release_lookups();
    for (int n = 0; n < 5; n++) {
        ck_assert_int_eq(end_ask(&a[n]), 0);
        check_address(a[n].list, "127.0.0.1");
        gruvi_freeaddrinfo(a[n].list);
    }
    settle();
}

/* Nor does a name of the hosts file, or a number. */
HUB_TEST(test_names_of_the_hosts_file_do_not_wait_for_them)
{
    static const char *const hosts[] = {"slow1.test", "slow2.test",
                                        "slow3.test", "slow4.test"};
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    static const char *const local[] = {"localhost", "LOCALHOST", "127.1",
                                        "127.0.0.1"};
    struct asker a[4] = {{.hints = NULL}}, here = {.hints = &hints};

    begin();
    hold_lookups();
    for (int n = 0; n < 4; n++)
        begin_ask(&a[n], hosts[n], GRUVI_FOREVER);
    wait_until(held_lookups() == SHARE);
    for (int n = 0; n < 4; n++) {
        begin_ask(&here, local[n], 60);
        ck_assert_int_eq(end_ask(&here), 0);
        check_address(here.list, "127.0.0.1");
        gruvi_freeaddrinfo(here.list);
    }
    ck_assert_int_eq(held_lookups(), SHARE);
    release_lookups();
    for (int n = 0; n < 4; n++) {
        ck_assert_int_eq(end_ask(&a[n]), 0);
        gruvi_freeaddrinfo(a[n].list);
    }
    settle();
}

/* Cancelled while the hosts file is searched, or just after. */
HUB_TEST(test_one_that_is_not_in_the_hosts_file_goes_with_its_waiter)
{
    static const char *const hosts[] = {"slow1.test", "slow2.test"};
    struct asker a[SHARE] = {{.hints = NULL}}, late = {.hints = NULL};

    begin();
    hold_lookups();
    for (int n = 0; n < SHARE; n++)
        begin_ask(&a[n], hosts[n], GRUVI_FOREVER);
    wait_until(held_lookups() == SHARE);
    for (int n = 0; n < 100; n++) {
        begin_ask(&late, "slow3.test", GRUVI_FOREVER);
        if (n % 2 == 0)
            ck_assert_int_eq(gruvi_sleep(0.0001), 0);
        gruvi_fiber_cancel(late.fiber, NULL);
        ck_assert_int_eq(end_ask(&late), UV_ECANCELED);
    }
    ck_assert_int_eq(held_lookups(), SHARE);
    release_lookups();
    for (int n = 0; n < SHARE; n++) {
        ck_assert_int_eq(end_ask(&a[n]), 0);
        gruvi_freeaddrinfo(a[n].list);
    }
    settle();
}

HUB_TEST(test_one_that_queued_in_vain_is_never_made)
{
    static const char *const hosts[] = {"slow1.test", "slow2.test"};
    struct asker a[SHARE] = {{.hints = NULL}}, late = {.hints = NULL};
    int made;

    begin();
    hold_lookups();
    made = made_lookups();
    for (int n = 0; n < SHARE; n++)
        begin_ask(&a[n], hosts[n], GRUVI_FOREVER);
    begin_ask(&late, "slow3.test", SHORT);
    ck_assert_int_eq(end_ask(&late), UV_ETIMEDOUT);
    release_lookups();
    for (int n = 0; n < SHARE; n++) {
        ck_assert_int_eq(end_ask(&a[n]), 0);
        gruvi_freeaddrinfo(a[n].list);
    }
    settle();
    ck_assert_int_eq(made_lookups(), made + SHARE);
}

/* What a thread has not begun is taken back from the pool. */
static int
hold_thread(void *arg, void **result)
{
    (void)result;
    return gruvi_event_wait(arg, GRUVI_FOREVER);
}

HUB_TEST(test_one_that_the_pool_queued_in_vain_is_never_made)
{
    gruvi_future_t *busy[IO_THREADS];
    gruvi_event_t go = GRUVI_EVENT_INIT;
    struct asker a = {.hints = NULL};
    int made;

    begin();
    made = made_lookups();
    for (int n = 0; n < IO_THREADS; n++) {
        busy[n] = gruvi_pool_submit(gruvi_get_io_pool(), hold_thread, &go);
        wait_until(gruvi_future_running(busy[n]));
    }
    begin_ask(&a, "slow.test", SHORT);
    ck_assert_int_eq(end_ask(&a), UV_ETIMEDOUT);
    gruvi_event_set(&go);
    for (int n = 0; n < IO_THREADS; n++) {
        ck_assert_int_eq(gruvi_future_result(busy[n], NULL, GRUVI_FOREVER), 0);
        gruvi_future_unref(busy[n]);
    }
    settle();
    gruvi_event_destroy(&go);
    ck_assert_int_eq(made_lookups(), made);
}

/* --- the same, asked together
 * -------------------------------------------------
 */

#define ASKERS 10

HUB_TEST(test_the_same_is_looked_up_once)
{
    struct asker a[ASKERS] = {{.hints = NULL}};
    int made;

    begin();
    hold_lookups();
    made = made_lookups();
    for (int n = 0; n < ASKERS; n++)
        begin_ask(&a[n], "slow.test", GRUVI_FOREVER);
    wait_until(held_lookups() == 1);
    gruvi_fiber_cancel(a[0].fiber, NULL);
    ck_assert_int_eq(end_ask(&a[0]), UV_ECANCELED);
    release_lookups();
    for (int n = 1; n < ASKERS; n++) {
        ck_assert_int_eq(end_ask(&a[n]), 0);
        check_address(a[n].list, "127.0.0.1");
        gruvi_freeaddrinfo(a[n].list);
    }
    settle();
    ck_assert_int_eq(made_lookups(), made + 1);
}

/* So a name that hangs takes one thread, however often it is tried. */
HUB_TEST(test_who_comes_later_joins_one_that_was_given_up)
{
    struct asker a = {.hints = NULL};
    int made;

    begin();
    made = made_lookups();
    leave_hanging();
    for (int n = 0; n < 3; n++) {
        begin_ask(&a, "slow.test", SHORT);
        ck_assert_int_eq(end_ask(&a), UV_ETIMEDOUT);
    }
    begin_ask(&a, "slow.test", GRUVI_FOREVER);
    release_lookups();
    ck_assert_int_eq(end_ask(&a), 0);
    gruvi_freeaddrinfo(a.list);
    settle();
    ck_assert_int_eq(made_lookups(), made + 1);
}

HUB_TEST(test_what_differs_is_looked_up_apart)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct asker a = {.hints = NULL}, b = {.hints = &hints};
    int made;

    begin();
    hold_lookups();
    made = made_lookups();
    begin_ask(&a, "slow.test", GRUVI_FOREVER);
    begin_ask(&b, "slow.test", GRUVI_FOREVER);
    wait_until(held_lookups() == 2);
    release_lookups();
    ck_assert_int_eq(end_ask(&a), 0);
    ck_assert_int_eq(end_ask(&b), 0);
    ck_assert_ptr_null(b.list->ai_next);
    ck_assert_ptr_nonnull(a.list->ai_next);
    gruvi_freeaddrinfo(a.list);
    gruvi_freeaddrinfo(b.list);
    settle();
    ck_assert_int_eq(made_lookups(), made + 2);
}

#define CROWD 8

static void
ask_in_hub(void *arg)
{
    struct asker a = {.hints = NULL};

    (void)arg;
    for (int n = 0; n < 50; n++) {
        a.host = n % 2 ? "slow1.test" : "slow2.test";
        a.timeout = GRUVI_FOREVER;
        a.list = NULL;
        a.result = UV_ECANCELED; /* where it is before it has run */
        a.fiber = spawn(run_asker, &a);
        turns(n % 2);
        if (n % 3 == 0)
            gruvi_fiber_cancel(a.fiber, NULL);
        if (end_ask(&a) == 0)
            gruvi_freeaddrinfo(a.list);
        else
            ck_assert_int_eq(a.result, UV_ECANCELED);
    }
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* Cancels and answers meet, from many hubs. */
THREAD_TEST(test_many_hubs_ask_the_same)
{
    pthread_t threads[CROWD];

    begin();
    release_lookups();
    for (int n = 0; n < CROWD; n++)
        threads[n] = begin_thread(ask_in_hub, NULL);
    for (int n = 0; n < CROWD; n++)
        end_thread(threads[n]);
    settle();
}

int
main(void)
{
    Suite *suite = suite_create("lookup_hanging");
    TCase *tc = tcase_create("hanging");

    tcase_add_test(tc, test_a_timeout_ends_what_the_resolver_does_not);
    tcase_add_test(tc, test_a_deadline_does_so_too);
    tcase_add_test(tc, test_the_hub_closes_without_it);
    tcase_add_test(tc, test_they_use_their_share_of_the_pool);
    tcase_add_test(tc, test_names_of_the_hosts_file_do_not_wait_for_them);
    tcase_add_test(tc,
                   test_one_that_is_not_in_the_hosts_file_goes_with_its_waiter);
    tcase_add_test(tc, test_one_that_queued_in_vain_is_never_made);
    tcase_add_test(tc, test_one_that_the_pool_queued_in_vain_is_never_made);
    tcase_add_test(tc, test_the_same_is_looked_up_once);
    tcase_add_test(tc, test_who_comes_later_joins_one_that_was_given_up);
    tcase_add_test(tc, test_what_differs_is_looked_up_apart);
    tcase_add_test(tc, test_many_hubs_ask_the_same);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
