/* SPDX-License-Identifier: MIT */
/*
 * The memory of callbacks: blocks that threads fill and hubs empty.  That
 * callbacks run, in order, is in check_hub.
 */
#include "core/clock.h"
#include "core/hub.h"
#include "unit/harness.h"

enum { MANY = 20000 };

static void
count(void *arg)
{
    ++*(int *)arg;
}

static void
post(gruvi_hub_t *hub, int times, int *ran)
{
    for (int n = 0; n < times; n++)
        ck_assert_int_eq(gruvi_hub_run_callback(hub, count, ran), 0);
}

/* What a burst took is used for the next one, and given back when the hub has
 * been idle for a while. */
THREAD_TEST(test_the_memory_of_a_burst_is_kept_and_then_given_back)
{
    gruvi_hub_t *hub;
    size_t kept;
    int ran = 0;

    gruvi__clock_make_virtual();
    hub = gruvi_get_hub();
    post(hub, MANY, &ran);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(ran, MANY);
    kept = hub->spare.n;
    ck_assert_uint_gt(kept, 100);
    post(hub, MANY, &ran);
    ck_assert_uint_lt(hub->spare.n, 5);
    ck_assert_int_eq(gruvi_sleep(0), 0);
    ck_assert_int_eq(ran, 2 * MANY);
    ck_assert_uint_le(hub->spare.n, kept + 1);
    ck_assert_int_eq(gruvi_sleep(60), 0);
    ck_assert_uint_le(hub->spare.n, 4);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

/* --- several hubs --------------------------------------------------------- */

enum { HUBS = 3, THREADS = 4, ROUNDS = 250 };

struct receiver {
    gruvi_hub_t *hub;
    int ran;
    gruvi_event_t opened, all_ran;
};

static struct receiver receivers[HUBS];

static void
receive(void *arg)
{
    struct receiver *receiver = arg;

    ck_assert_ptr_eq(gruvi_get_hub(), receiver->hub);
    if (++receiver->ran == THREADS * ROUNDS)
        gruvi_event_set(&receiver->all_ran);
}

static void
run_receiver(void *arg)
{
    struct receiver *receiver = arg;

    receiver->hub = gruvi_hub_ref(gruvi_get_hub());
    gruvi_event_set(&receiver->opened);
    ck_assert_int_eq(gruvi_event_wait(&receiver->all_ran, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_hub_close(receiver->hub), 0);
}

/* Its block has callbacks of all hubs, and is not full when it ends: the last
 * of the four to be done with it frees it. */
static void
post_to_all(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++)
        for (int n = 0; n < HUBS; n++)
            ck_assert_int_eq(gruvi_hub_run_callback(receivers[n].hub, receive,
                                                    &receivers[n]),
                             0);
}

HUB_TEST(test_a_block_has_callbacks_of_several_hubs)
{
    pthread_t hubs[HUBS], threads[THREADS];

    for (int n = 0; n < HUBS; n++) {
        receivers[n] = (struct receiver){.ran = 0};
        gruvi_event_init(&receivers[n].opened);
        gruvi_event_init(&receivers[n].all_ran);
        hubs[n] = begin_thread(run_receiver, &receivers[n]);
        ck_assert_int_eq(gruvi_event_wait(&receivers[n].opened, GRUVI_FOREVER),
                         0);
    }
    for (int n = 0; n < THREADS; n++)
        threads[n] = begin_thread(post_to_all, NULL);
    for (int n = 0; n < THREADS; n++)
        end_thread(threads[n]);
    for (int n = 0; n < HUBS; n++) {
        end_thread(hubs[n]);
        ck_assert_int_eq(receivers[n].ran, THREADS * ROUNDS);
        gruvi_hub_unref(receivers[n].hub);
    }
}

static void
be_refused(void *arg)
{
    static int none;

    for (int n = 0; n < 1000; n++)
        ck_assert_int_eq(gruvi_hub_run_callback(arg, count, &none),
                         UV_ESHUTDOWN);
    ck_assert_int_eq(none, 0);
}

static void
close_at_once(void *arg)
{
    *(gruvi_hub_t **)arg = gruvi_hub_ref(gruvi_get_hub());
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

HUB_TEST(test_a_refused_post_leaves_its_place_to_the_next)
{
    gruvi_hub_t *closed = NULL;
    int ran = 0;

    end_thread(begin_thread(close_at_once, &closed));
    end_thread(begin_thread(be_refused, closed));
    be_refused(closed);
    post(hub, 1000, &ran);
    wait_until(ran == 1000);
    gruvi_hub_unref(closed);
}

int
main(void)
{
    Suite *suite = suite_create("callback");
    TCase *tc = tcase_create("memory");

    tcase_add_test(tc, test_the_memory_of_a_burst_is_kept_and_then_given_back);
    tcase_add_test(tc, test_a_block_has_callbacks_of_several_hubs);
    tcase_add_test(tc, test_a_refused_post_leaves_its_place_to_the_next);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
