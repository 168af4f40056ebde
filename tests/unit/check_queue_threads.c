/* SPDX-License-Identifier: MIT */
/* Queues between threads, with a hub and without one. */
#include <stdlib.h>
#include <string.h>

#include "core/thread.h"
#include "unit/queues.h"

#define SHORT 0.002

/* --- other threads -------------------------------------------------------- */

static void
put_one_from_afar(void *arg)
{
    ck_assert_int_eq(gruvi_queue_put(arg, ITEM(1), NULL, GRUVI_FOREVER), 0);
    ck_assert_ptr_null(gruvi__self.hub);
}

static void
get_one_from_afar(void *arg)
{
    void *item;

    ck_assert_int_eq(gruvi_queue_get(arg, &item, GRUVI_FOREVER), 0);
    ck_assert_ptr_null(gruvi__self.hub);
}

static void
free_queue(gruvi_queue_t *queue)
{
    gruvi_queue_destroy(queue);
    memset(queue, 0xff, sizeof *queue);
    free(queue);
}

/* Whoever waited frees it while the other is still in its call. */
static void
get_and_free(void)
{
    gruvi_queue_t *queue = malloc(sizeof *queue);
    pthread_t thread;
    void *item;

    gruvi_queue_init(queue, GRUVI_QUEUE_FIFO, 1);
    thread = begin_thread(put_one_from_afar, queue);
    ck_assert_int_eq(gruvi_queue_get(queue, &item, GRUVI_FOREVER), 0);
    ck_assert_int_eq(NUMBER(item), 1);
    free_queue(queue);
    end_thread(thread);
}

static void
put_and_free(void)
{
    gruvi_queue_t *queue = malloc(sizeof *queue);
    pthread_t thread;

    gruvi_queue_init(queue, GRUVI_QUEUE_FIFO, 1);
    put(queue, 1);
    thread = begin_thread(get_one_from_afar, queue);
    ck_assert_int_eq(gruvi_queue_put(queue, NULL, NULL, GRUVI_FOREVER), 0);
    free_queue(queue);
    end_thread(thread);
}

static void
finish_from_afar(void *queue)
{
    ck_assert_int_eq(gruvi_queue_task_done(queue), 0);
}

static void
join_and_free(void)
{
    gruvi_queue_t *queue = malloc(sizeof *queue);
    pthread_t thread;

    gruvi_queue_init(queue, GRUVI_QUEUE_FIFO, 0);
    put(queue, 1);
    thread = begin_thread(finish_from_afar, queue);
    ck_assert_int_eq(gruvi_queue_join(queue, GRUVI_FOREVER), 0);
    free_queue(queue);
    end_thread(thread);
}

static void
wait_and_free(void)
{
    int n;

    for (n = 0; n < 150; n++) {
        get_and_free();
        put_and_free();
        join_and_free();
    }
}

HUB_TEST(test_whoever_waited_may_free_it_at_once)
{
    wait_and_free();
}

THREAD_TEST(test_a_thread_without_a_hub_waits_and_gets_none)
{
    gruvi_queue_t queue;
    void *item;

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 1);
    ck_assert_int_eq(gruvi_queue_get(&queue, &item, SHORT), UV_ETIMEDOUT);
    put(&queue, 1);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, NULL, SHORT), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvi_queue_join(&queue, SHORT), UV_ETIMEDOUT);
    wait_and_free();
    ck_assert_ptr_null(gruvi__self.hub);
    gruvi_queue_destroy(&queue);
}

/* Of a put and a timeout at the same moment one wins: the item is either got
 * or still there. */
static void
race_put_with_timeout(void)
{
    gruvi_queue_t queue;
    pthread_t thread;
    void *item;
    int n, err;

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 0);
    for (n = 0; n < 300; n++) {
        thread = begin_thread(put_one_from_afar, &queue);
        err = gruvi_queue_get(&queue, &item, (n % 10 + 1) * 1e-5);
        ck_assert(err == 0 || err == UV_ETIMEDOUT);
        end_thread(thread);
        ck_assert_int_eq(gruvi_queue_try_get(&queue, &item),
                         err == 0 ? UV_EAGAIN : 0);
    }
    gruvi_queue_destroy(&queue);
}

HUB_TEST(test_a_put_that_races_with_a_timeout_loses_nothing)
{
    race_put_with_timeout();
}

THREAD_TEST(test_a_put_that_races_with_a_threads_timeout_loses_nothing)
{
    race_put_with_timeout();
}

int
main(void)
{
    Suite *suite = suite_create("queue threads");
    TCase *tc = tcase_create("queue threads");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_whoever_waited_may_free_it_at_once);
    tcase_add_test(tc, test_a_thread_without_a_hub_waits_and_gets_none);
    tcase_add_test(tc, test_a_put_that_races_with_a_timeout_loses_nothing);
    tcase_add_test(tc,
                   test_a_put_that_races_with_a_threads_timeout_loses_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
