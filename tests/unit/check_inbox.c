/* SPDX-License-Identifier: MIT */
/*
 * Waiting awake for the next message: it must cost nothing where none comes.
 * That messages arrive, in order, is in check_hub and check_callback.
 */
#include <sched.h>
#include <stdlib.h>

#include "core/hub.h"
#include "core/inbox.h"
#include "unit/harness.h"

static bool
is_alone(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1;
}

/* How often of so many times it is tried, in vain. */
static unsigned
tries(const struct gruvi__inbox *inbox, struct gruvi__patience *patience,
      int times)
{
    uint64_t before = patience->tried;

    for (int n = 0; n < times; n++)
        ck_assert(!gruvi__inbox_await(inbox, patience));
    ck_assert_uint_eq(patience->failed, patience->tried);
    return (unsigned)(patience->tried - before);
}

START_TEST(test_where_no_message_comes_it_is_tried_less_and_less)
{
    struct gruvi__inbox inbox = {.head = NULL};
    struct gruvi__patience patience = {.tried = 0};
    unsigned first = tries(&inbox, &patience, 5000);
    unsigned second = tries(&inbox, &patience, 5000);

    ck_assert_uint_le(first, 5000 / 100);
    ck_assert_uint_le(second, 5000 / 127);
    if (is_alone())
        ck_assert_uint_eq(first, 0);
    else
        ck_assert_uint_ge(second, 5000 / 130);
}
END_TEST

START_TEST(test_a_message_that_is_there_makes_it_patient_again)
{
    struct gruvi__inbox inbox = {.head = NULL};
    struct gruvi__inbox_node node = {.next = NULL};
    struct gruvi__patience patience = {.tried = 0};
    int skipped = 0;

    if (is_alone())
        return;
    tries(&inbox, &patience, 1000);
    inbox.head = &node;
    while (!gruvi__inbox_await(&inbox, &patience))
        skipped++;
    ck_assert_int_le(skipped, 127);
    for (int n = 0; n < 100; n++)
        ck_assert(gruvi__inbox_await(&inbox, &patience));
    inbox.head = NULL;
    ck_assert(!gruvi__inbox_await(&inbox, &patience));
    inbox.head = &node;
    ck_assert(gruvi__inbox_await(&inbox, &patience)); /* one failure is free */
}
END_TEST

/* Timers, input and its own callbacks are no messages. */
HUB_TEST(test_a_hub_that_has_no_messages_never_waits_awake)
{
    for (int n = 0; n < 20; n++) {
        gruvi_hub_run_callback(hub, free, NULL);
        ck_assert_int_eq(gruvi_sleep(0.0005), 0);
    }
    ck_assert_uint_eq(hub->patience.tried, 0);
}

static void
post_and_wait(void *arg)
{
    gruvi_event_t *events = arg;

    for (int n = 0; n < 1000; n++) {
        gruvi_event_set(&events[0]);
        ck_assert_int_eq(gruvi_event_wait(&events[1], GRUVI_FOREVER), 0);
        gruvi_event_clear(&events[1]);
    }
}

/* It has messages; then there are none, and it does not wait for them. */
HUB_TEST(test_a_hub_is_idle_when_its_messages_have_ended)
{
    gruvi_event_t events[2];
    uint64_t tried;
    pthread_t thread;

    gruvi_event_init(&events[0]);
    gruvi_event_init(&events[1]);
    thread = begin_thread(post_and_wait, events);
    for (int n = 0; n < 1000; n++) {
        ck_assert_int_eq(gruvi_event_wait(&events[0], GRUVI_FOREVER), 0);
        gruvi_event_clear(&events[0]);
        gruvi_event_set(&events[1]);
    }
    end_thread(thread);
    ck_assert_int_eq(gruvi_sleep(0.0005), 0);
    tried = hub->patience.tried;
    for (int n = 0; n < 20; n++)
        ck_assert_int_eq(gruvi_sleep(0.0005), 0);
    ck_assert_uint_eq(hub->patience.tried, tried);
    ck_assert_uint_eq(tried == 0, is_alone());
}

int
main(void)
{
    Suite *suite = suite_create("inbox");
    TCase *tc = tcase_create("waiting awake");

    tcase_add_test(tc, test_where_no_message_comes_it_is_tried_less_and_less);
    tcase_add_test(tc, test_a_message_that_is_there_makes_it_patient_again);
    tcase_add_test(tc, test_a_hub_that_has_no_messages_never_waits_awake);
    tcase_add_test(tc, test_a_hub_is_idle_when_its_messages_have_ended);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
