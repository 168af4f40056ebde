/* SPDX-License-Identifier: MIT */
/*
 * Queues: what has room, and who waits for whom.  (The order in which items
 * come out: check_items.c.)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit/queues.h"

#define SHORT 0.002

static void
put_sized(gruvi_queue_t *queue, int n, size_t size)
{
    gruvi_queue_put_options_t options = {.size = size};

    ck_assert_int_eq(gruvi_queue_put(queue, ITEM(n), &options, 0), 0);
}

/* One that puts or gets, and says so. */
struct actor {
    gruvi_queue_t *queue;
    gruvi_queue_put_options_t options;
    double timeout;
    int number; /* to put; what it got */
    gruvi_fiber_t *fiber;
    int result, next;
};

static int
put_one(void *arg)
{
    struct actor *actor = arg;

    actor->result = gruvi_queue_put(actor->queue, ITEM(actor->number),
                                    &actor->options, actor->timeout);
    record("put%d", actor->number);
    actor->next = gruvi_sleep(0);
    return 0;
}

static int
get_one(void *arg)
{
    struct actor *actor = arg;
    void *item;

    actor->result = gruvi_queue_get(actor->queue, &item, actor->timeout);
    if (actor->result < 0)
        ck_assert_ptr_null(item);
    record("%d-got%d", actor->number, NUMBER(item));
    actor->number = NUMBER(item);
    actor->next = gruvi_sleep(0);
    return 0;
}

static int
join_it(void *arg)
{
    struct actor *actor = arg;

    actor->result = gruvi_queue_join(actor->queue, actor->timeout);
    record("joined");
    return 0;
}

static void
begin(struct actor *actor, gruvi_fiber_fn fn, gruvi_queue_t *queue, int number,
      double timeout)
{
    actor->queue = queue;
    actor->number = number;
    actor->timeout = timeout;
    actor->fiber = spawn(fn, actor);
    turns(1);
    if (timeout < 0) /* else it may be over by now */
        ck_assert_str_eq(gruvi_fiber_waiting_for(actor->fiber), "queue");
}

/* --- alone ------------------------------------------------------------------
 */

HUB_TEST(test_what_cannot_be_is_refused)
{
    gruvi_queue_t queue;
    gruvi_queue_put_options_t options = {.reserved = {NULL, &options}};
    void *item = &queue;

    ck_assert_int_eq(gruvi_queue_init(&queue, (gruvi_queue_order_t)3, 0),
                     UV_EINVAL);
    ck_assert_int_eq(gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 0), 0);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, &options, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_queue_try_put(&queue, NULL, &options), UV_EINVAL);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, NULL, NAN), UV_EINVAL);
    ck_assert_int_eq(gruvi_queue_get(&queue, &item, NAN), UV_EINVAL);
    ck_assert_ptr_null(item);
    ck_assert_int_eq(gruvi_queue_join(&queue, NAN), UV_EINVAL);
    item = &queue;
    ck_assert_int_eq(gruvi_queue_get(&queue, &item, 0), UV_ETIMEDOUT);
    ck_assert_ptr_null(item);
    item = &queue;
    ck_assert_int_eq(gruvi_queue_try_get(&queue, &item), UV_EAGAIN);
    ck_assert_ptr_null(item);
    ck_assert_int_eq(gruvi_queue_get(&queue, &item, SHORT), UV_ETIMEDOUT);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 0);
    gruvi_queue_destroy(&queue);
}

/* --- room ------------------------------------------------------------------
 */

HUB_TEST(test_it_is_bounded_by_the_sum_of_the_sizes)
{
    gruvi_queue_t queue;
    gruvi_queue_put_options_t options = {.size = 11};

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 10);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, &options, GRUVI_FOREVER),
                     UV_E2BIG);
    ck_assert_int_eq(gruvi_queue_try_put(&queue, NULL, &options), UV_E2BIG);
    options.size = SIZE_MAX;
    ck_assert_int_eq(gruvi_queue_try_put(&queue, NULL, &options), UV_E2BIG);
    put_sized(&queue, 1, 7);
    put_sized(&queue, 2, 0); /* counts 1 */
    put(&queue, 3);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 9);
    options.size = 2;
    ck_assert_int_eq(gruvi_queue_try_put(&queue, NULL, &options), UV_EAGAIN);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, &options, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, &options, SHORT),
                     UV_ETIMEDOUT);
    put(&queue, 4);
    ck_assert_int_eq(get(&queue), 1);
    put_sized(&queue, 5, 7);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 10);
    ck_assert_int_eq(get(&queue), 2);
    ck_assert_int_eq(get(&queue), 3);
    ck_assert_int_eq(get(&queue), 4);
    ck_assert_int_eq(get(&queue), 5);
    gruvi_queue_destroy(&queue);
}

HUB_TEST(test_putters_get_in_as_soon_as_they_fit_in_the_order_of_arrival)
{
    gruvi_queue_t queue;
    struct actor big = {.options.size = 3}, small = {.options.size = 1};

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 4);
    put_sized(&queue, 1, 2);
    put_sized(&queue, 2, 1);
    begin(&big, put_one, &queue, 3, GRUVI_FOREVER);
    /* There is room for it, but nobody overtakes. */
    ck_assert_int_eq(gruvi_queue_try_put(&queue, NULL, NULL), UV_EAGAIN);
    begin(&small, put_one, &queue, 4, GRUVI_FOREVER);
    ck_assert_int_eq(get(&queue), 1);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 4);
    turns(2);
    ck_assert_str_eq(recorded(), "put3");
    ck_assert_int_eq(get(&queue), 2);
    turns(2);
    ck_assert_str_eq(recorded(), "put3 put4");
    ck_assert_int_eq(get(&queue), 3);
    ck_assert_int_eq(get(&queue), 4);
    finish(big.fiber);
    finish(small.fiber);
    gruvi_queue_destroy(&queue);
}

HUB_TEST(test_a_putter_that_gives_up_lets_those_behind_it_in)
{
    gruvi_queue_t queue;
    struct actor big = {.options.size = 3}, small = {.options.size = 1},
                 third = {.options.size = 2};

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 4);
    put_sized(&queue, 1, 3);
    begin(&big, put_one, &queue, 2, i == 0 ? GRUVI_FOREVER : SHORT);
    begin(&small, put_one, &queue, 3, i == 0 ? GRUVI_FOREVER : 60);
    begin(&third, put_one, &queue, 4, GRUVI_FOREVER);
    if (i == 0)
        gruvi_fiber_cancel(big.fiber, NULL);
    finish(big.fiber);
    ck_assert_int_eq(big.result, i == 0 ? UV_ECANCELED : UV_ETIMEDOUT);
    finish(small.fiber);
    ck_assert_int_eq(small.result, 0);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 4);
    ck_assert_int_eq(get(&queue), 1);
    finish(third.fiber);
    ck_assert_int_eq(get(&queue), 3);
    ck_assert_int_eq(get(&queue), 4);
    gruvi_queue_destroy(&queue);
}

HUB_TEST(test_getters_are_served_in_the_order_of_arrival)
{
    gruvi_queue_t queue;
    struct actor getters[4] = {{0}};
    void *item;

    gruvi_queue_init(&queue, (gruvi_queue_order_t)i, 2);
    begin(&getters[0], get_one, &queue, 1, GRUVI_FOREVER);
    begin(&getters[1], get_one, &queue, 2, GRUVI_FOREVER);
    begin(&getters[2], get_one, &queue, 3, GRUVI_FOREVER);
    begin(&getters[3], get_one, &queue, 4, GRUVI_FOREVER);
    gruvi_fiber_cancel(getters[1].fiber, NULL);
    finish(getters[1].fiber);
    put_sized(&queue, 11, 2);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 0);
    ck_assert_int_eq(gruvi_queue_try_get(&queue, &item), UV_EAGAIN);
    put_sized(&queue, 12, 2);
    put_sized(&queue, 13, 2);
    put_sized(&queue, 14, 2);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 2);
    finish(getters[0].fiber);
    finish(getters[2].fiber);
    finish(getters[3].fiber);
    ck_assert_str_eq(recorded(), "2-got0 1-got11 3-got12 4-got13");
    ck_assert_int_eq(getters[1].result, UV_ECANCELED);
    ck_assert_int_eq(get(&queue), 14);
    gruvi_queue_destroy(&queue);
}

/* What a getter was handed it has, though it is cancelled or its time is up;
 * an item that was let in is in. */
HUB_TEST(test_granted_and_cancelled_at_once_it_was_granted)
{
    gruvi_queue_t queue;
    struct actor getter = {.result = 1}, putter = {.result = 1};

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 1);
    begin(&getter, get_one, &queue, 0, GRUVI_FOREVER);
    if (i == 1)
        gruvi_fiber_cancel(getter.fiber, NULL);
    put(&queue, 1);
    if (i == 0)
        gruvi_fiber_cancel(getter.fiber, NULL);
    finish(getter.fiber);
    ck_assert_int_eq(getter.result, 0);
    ck_assert_int_eq(getter.number, 1);
    ck_assert_int_eq(getter.next, UV_ECANCELED);
    put(&queue, 2);
    begin(&putter, put_one, &queue, 3, GRUVI_FOREVER);
    if (i == 1)
        gruvi_fiber_cancel(putter.fiber, NULL);
    ck_assert_int_eq(get(&queue), 2);
    if (i == 0)
        gruvi_fiber_cancel(putter.fiber, NULL);
    finish(putter.fiber);
    ck_assert_int_eq(putter.result, 0);
    ck_assert_int_eq(putter.next, UV_ECANCELED);
    ck_assert_int_eq(get(&queue), 3);
    gruvi_queue_destroy(&queue);
}

/* --- task_done and join ----------------------------------------------------
 */

HUB_TEST(test_join_waits_until_all_that_was_put_in_is_done)
{
    gruvi_queue_t queue;
    struct actor joiners[2] = {{.result = 1}, {.result = 1}};

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 0);
    ck_assert_int_eq(gruvi_queue_join(&queue, GRUVI_FOREVER), 0);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), UV_EINVAL);
    put(&queue, 1);
    put(&queue, 2);
    ck_assert_int_eq(gruvi_queue_join(&queue, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_queue_join(&queue, SHORT), UV_ETIMEDOUT);
    begin(&joiners[0], join_it, &queue, 0, GRUVI_FOREVER);
    begin(&joiners[1], join_it, &queue, 0, GRUVI_FOREVER);
    get(&queue);
    get(&queue);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    turns(2);
    ck_assert_str_eq(recorded(), "");
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    finish(joiners[0].fiber);
    finish(joiners[1].fiber);
    ck_assert_int_eq(joiners[0].result, 0);
    ck_assert_int_eq(joiners[1].result, 0);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), UV_EINVAL);
    ck_assert_int_eq(gruvi_queue_join(&queue, 0), 0);
    gruvi_queue_destroy(&queue);
}

/* Items that a getter is handed, and those of putters that waited, count. */
HUB_TEST(test_every_item_counts_however_it_came_in)
{
    gruvi_queue_t queue;
    struct actor getter = {.result = 1}, putter = {.result = 1};

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 1);
    begin(&getter, get_one, &queue, 0, GRUVI_FOREVER);
    put(&queue, 1);
    finish(getter.fiber);
    put(&queue, 2);
    begin(&putter, put_one, &queue, 3, GRUVI_FOREVER);
    get(&queue);
    finish(putter.fiber);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    ck_assert_int_eq(gruvi_queue_join(&queue, 0), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), UV_EINVAL);
    gruvi_queue_destroy(&queue);
}

/* --- closing ---------------------------------------------------------------
 */

HUB_TEST(test_a_closed_queue_refuses_puts_and_is_drained)
{
    gruvi_queue_t queue;
    void *item = &queue;

    gruvi_queue_init(&queue, (gruvi_queue_order_t)i, 2);
    put(&queue, 1);
    put(&queue, 1);
    gruvi_queue_close(&queue);
    gruvi_queue_close(&queue);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, NULL, GRUVI_FOREVER),
                     UV_EPIPE);
    ck_assert_int_eq(gruvi_queue_try_put(&queue, NULL, NULL), UV_EPIPE);
    ck_assert_int_eq(get(&queue), 1);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, NULL, 0), UV_EPIPE);
    ck_assert_int_eq(get(&queue), 1);
    ck_assert_int_eq(gruvi_queue_get(&queue, &item, GRUVI_FOREVER), UV_EOF);
    ck_assert_ptr_null(item);
    item = &queue;
    ck_assert_int_eq(gruvi_queue_try_get(&queue, &item), UV_EOF);
    ck_assert_ptr_null(item);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    ck_assert_int_eq(gruvi_queue_join(&queue, 0), 0);
    gruvi_queue_destroy(&queue);
}

HUB_TEST(test_closing_wakes_all_who_put_or_get)
{
    gruvi_queue_t full, empty;
    struct actor actors[5] = {{0}};
    int n;

    gruvi_queue_init(&full, GRUVI_QUEUE_FIFO, 1);
    gruvi_queue_init(&empty, GRUVI_QUEUE_FIFO, 1);
    put(&full, 1);
    begin(&actors[0], put_one, &full, 2, GRUVI_FOREVER);
    begin(&actors[1], put_one, &full, 3, GRUVI_FOREVER);
    begin(&actors[2], join_it, &full, 0, GRUVI_FOREVER);
    begin(&actors[3], get_one, &empty, 0, GRUVI_FOREVER);
    begin(&actors[4], get_one, &empty, 0, GRUVI_FOREVER);
    gruvi_queue_close(&full);
    gruvi_queue_close(&empty);
    turns(2);
    ck_assert(gruvi_fiber_alive(actors[2].fiber));
    ck_assert_uint_eq(gruvi_queue_size(&full), 1);
    ck_assert_int_eq(get(&full), 1);
    ck_assert_int_eq(gruvi_queue_task_done(&full), 0);
    for (n = 0; n < 5; n++)
        finish(actors[n].fiber);
    ck_assert_int_eq(actors[0].result, UV_EPIPE);
    ck_assert_int_eq(actors[1].result, UV_EPIPE);
    ck_assert_int_eq(actors[2].result, 0);
    ck_assert_int_eq(actors[3].result, UV_EOF);
    ck_assert_int_eq(actors[4].result, UV_EOF);
    gruvi_queue_destroy(&full);
    gruvi_queue_destroy(&empty);
}

/* --- misuse, and where it may be used -------------------------------------
 */

HUB_TEST(test_destroying_one_that_is_waited_for_is_an_assertion)
{
    gruvi_queue_t queue;
    struct actor actor = {0};
    gruvi_fiber_fn fns[] = {get_one, put_one, join_it};

    catch_assertions();
    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 1);
    if (i > 0)
        put(&queue, 1);
    begin(&actor, fns[i], &queue, 0, GRUVI_FOREVER);
    gruvi_queue_destroy(&queue);
    ck_assert_int_eq(assertions(), 1);
    ck_assert_ptr_nonnull(strstr(last_assertion(), "gruvi_queue_destroy"));
    gruvi_fiber_cancel(actor.fiber, NULL);
    finish(actor.fiber);
    gruvi_queue_destroy(&queue);
    ck_assert_int_eq(assertions(), 1);
}

static void
use_without_waiting(gruvi_queue_t *queue, int count)
{
    void *item;

    ck_assert_int_eq(gruvi_queue_try_put(queue, NULL, NULL), 0);
    ck_assert_int_eq(gruvi_queue_try_put(queue, NULL, NULL), UV_EAGAIN);
    ck_assert_int_eq(gruvi_queue_try_get(queue, &item), 0);
    ck_assert_int_eq(gruvi_queue_task_done(queue), 0);
    ck_assert_int_eq(assertions(), count);
    ck_assert_int_eq(gruvi_queue_put(queue, NULL, NULL, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_queue_get(queue, &item, 0), UV_EPERM);
    ck_assert_int_eq(gruvi_queue_join(queue, 0), UV_EPERM);
    ck_assert_int_eq(assertions(), count + 3);
    ck_assert_uint_eq(gruvi_queue_size(queue), 0);
}

static void
use_in_a_callback(void *queue)
{
    use_without_waiting(queue, 0);
    gruvi_queue_close(queue);
    record("callback");
}

HUB_TEST(test_only_waiting_is_refused_in_callbacks_and_no_switch_sections)
{
    gruvi_queue_t queue, other;

    catch_assertions();
    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 1);
    gruvi_queue_init(&other, GRUVI_QUEUE_FIFO, 1);
    gruvi_hub_run_callback(hub, use_in_a_callback, &queue);
    turns(1);
    ck_assert_str_eq(recorded(), "callback");
    GRUVI_ASSERT_NO_SWITCHPOINTS
        use_without_waiting(&other, 3);
    gruvi_queue_destroy(&queue);
    gruvi_queue_destroy(&other);
}

static void
add_tests(TCase *tc)
{
    tcase_add_test(tc, test_what_cannot_be_is_refused);
    tcase_add_test(tc, test_it_is_bounded_by_the_sum_of_the_sizes);
    tcase_add_test(
        tc, test_putters_get_in_as_soon_as_they_fit_in_the_order_of_arrival);
    tcase_add_loop_test(tc, test_a_putter_that_gives_up_lets_those_behind_it_in,
                        0, 2);
    tcase_add_loop_test(tc, test_getters_are_served_in_the_order_of_arrival, 0,
                        3);
    tcase_add_loop_test(tc, test_granted_and_cancelled_at_once_it_was_granted,
                        0, 2);
    tcase_add_test(tc, test_join_waits_until_all_that_was_put_in_is_done);
    tcase_add_test(tc, test_every_item_counts_however_it_came_in);
    tcase_add_loop_test(tc, test_a_closed_queue_refuses_puts_and_is_drained, 0,
                        3);
    tcase_add_test(tc, test_closing_wakes_all_who_put_or_get);
    tcase_add_loop_test(
        tc, test_destroying_one_that_is_waited_for_is_an_assertion, 0, 3);
    tcase_add_test(
        tc, test_only_waiting_is_refused_in_callbacks_and_no_switch_sections);
}

int
main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tc = tcase_create("queue");

    tcase_set_timeout(tc, 60);
    add_tests(tc);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
