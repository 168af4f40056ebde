/* SPDX-License-Identifier: MIT */
/*
 * The items of a queue: the order in which they come out, and what happens
 * where memory fails, with a malloc() of our own.
 */
#include <stdlib.h>

static size_t memory_for = 0; /* how many items at most; 0: as many as asked */

static void *scarce_malloc(size_t size);

#define malloc scarce_malloc
#include "sync/items.c"
#undef malloc

#include "unit/queues.h"

static void *
scarce_malloc(size_t size)
{
    if (memory_for > 0 && size > memory_for * sizeof(struct gruvi__item))
        return NULL;
    return malloc(size);
}

START_TEST(test_it_grows_wherever_the_ring_begins)
{
    struct gruvi__items items = {.order = (gruvi_queue_order_t)(_i / 20)};
    struct gruvi__item item = {0};
    size_t skew = (size_t)(_i % 20), n;

    for (n = 0; n < skew; n++)
        ck_assert_int_eq(gruvi__items_push(&items, &item), 0);
    for (n = 0; n < skew; n++)
        ck_assert(gruvi__items_pop(&items, &item));
    ck_assert(!gruvi__items_pop(&items, &item));
    for (n = 0; n < 200; n++) {
        item.size = n;
        ck_assert_int_eq(gruvi__items_push(&items, &item), 0);
    }
    for (n = 0; n < 200; n++) {
        ck_assert(gruvi__items_pop(&items, &item));
        ck_assert_uint_eq(item.size,
                          items.order == GRUVI_QUEUE_LIFO ? 199 - n : n);
    }
    gruvi__items_free(&items);
}
END_TEST

START_TEST(test_without_memory_nothing_changes)
{
    struct gruvi__items items = {.order = (gruvi_queue_order_t)_i};
    struct gruvi__item item = {.size = 7};

    memory_for = 1;
    ck_assert_int_eq(gruvi__items_push(&items, &item), UV_ENOMEM);
    ck_assert_int_eq(gruvi__items_reserve(&items), UV_ENOMEM);
    ck_assert(!gruvi__items_pop(&items, &item));
    memory_for = 0;
    ck_assert_int_eq(gruvi__items_push(&items, &item), 0);
    items.count = items.capacity = (size_t)1 << 60;
    ck_assert_int_eq(gruvi__items_push(&items, &item), UV_ENOMEM);
    gruvi__items_free(&items);
}
END_TEST

static void
put_with_priority(gruvi_queue_t *queue, int n, int64_t priority)
{
    gruvi_queue_put_options_t options = {.priority = priority};

    ck_assert_int_eq(gruvi_queue_put(queue, ITEM(n), &options, 0), 0);
}

/* --- order ------------------------------------------------------------------
 */

HUB_TEST(test_a_fifo_gives_the_oldest_first)
{
    gruvi_queue_t queue;
    int n, round;

    ck_assert_int_eq(gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 0), 0);
    for (round = 0; round < 3; round++) {
        for (n = 0; n < 100; n++)
            put(&queue, n);
        for (n = 0; n < 70; n++)
            ck_assert_int_eq(get(&queue), n);
        for (n = 100; n < 150; n++)
            put(&queue, n);
        for (n = 70; n < 150; n++)
            ck_assert_int_eq(get(&queue), n);
    }
    ck_assert_uint_eq(gruvi_queue_size(&queue), 0);
    gruvi_queue_destroy(&queue);
}

HUB_TEST(test_a_lifo_gives_the_newest_first)
{
    gruvi_queue_t queue;
    int n;

    ck_assert_int_eq(gruvi_queue_init(&queue, GRUVI_QUEUE_LIFO, 0), 0);
    for (n = 0; n < 100; n++)
        put(&queue, n);
    for (n = 99; n >= 50; n--)
        ck_assert_int_eq(get(&queue), n);
    put(&queue, 1000);
    ck_assert_int_eq(get(&queue), 1000);
    for (n = 49; n >= 0; n--)
        ck_assert_int_eq(get(&queue), n);
    gruvi_queue_destroy(&queue);
}

/* Items are numbered by priority, then by age. */
HUB_TEST(test_a_priority_queue_is_stable_among_equals)
{
    gruvi_queue_t queue;
    int n, last;

    ck_assert_int_eq(gruvi_queue_init(&queue, GRUVI_QUEUE_PRIORITY, 0), 0);
    for (n = 0; n < 1000; n++)
        put_with_priority(&queue, n * 7919 % 10 * 1000 + n,
                          n * 7919 % 10 - INT64_C(5000000000));
    for (last = -1, n = 0; n < 1000; n++) {
        int number = get(&queue);

        ck_assert_int_gt(number, last);
        last = number;
    }
    put_with_priority(&queue, 1, INT64_MAX);
    put_with_priority(&queue, 2, INT64_MIN);
    put_with_priority(&queue, 3, 0);
    ck_assert_int_eq(get(&queue), 2);
    ck_assert_int_eq(get(&queue), 3);
    ck_assert_int_eq(get(&queue), 1);
    gruvi_queue_destroy(&queue);
}

/* --- memory ------------------------------------------------------------------
 */

/* Fill a queue up to the memory that there is. */
static size_t
fill(gruvi_queue_t *queue)
{
    size_t n = 0;
    int err;

    memory_for = 20;
    while ((err = gruvi_queue_try_put(queue, queue, NULL)) == 0)
        n++;
    ck_assert_int_eq(err, UV_ENOMEM);
    return n;
}

HUB_TEST(test_a_put_without_memory_has_done_nothing)
{
    gruvi_queue_t queue;
    void *item;
    size_t n;

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 0);
    n = fill(&queue);
    ck_assert_uint_gt(n, 0);
    ck_assert_int_eq(gruvi_queue_put(&queue, NULL, NULL, GRUVI_FOREVER),
                     UV_ENOMEM);
    ck_assert_uint_eq(gruvi_queue_size(&queue), n);
    memory_for = 0;
    for (; n > 0; n--) {
        ck_assert_int_eq(gruvi_queue_try_get(&queue, &item), 0);
        ck_assert_ptr_eq(item, &queue);
        ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    }
    ck_assert_int_eq(gruvi_queue_task_done(&queue), UV_EINVAL);
    gruvi_queue_destroy(&queue);
}

static int
put_one(void *queue)
{
    return gruvi_queue_put(queue, NULL, NULL, GRUVI_FOREVER);
}

static int
put_much(void *queue)
{
    gruvi_queue_put_options_t options = {.size = 50};

    return gruvi_queue_put(queue, NULL, &options, GRUVI_FOREVER);
}

/* One that could be let in but for the memory gets the next place. */
HUB_TEST(test_a_putter_that_memory_keeps_out_comes_in_later)
{
    gruvi_queue_t queue;
    gruvi_fiber_t *big, *small;
    void *item;
    size_t n;

    gruvi_queue_init(&queue, GRUVI_QUEUE_FIFO, 60);
    n = fill(&queue);
    big = spawn(put_much, &queue);
    small = spawn(put_one, &queue);
    turns(1);
    gruvi_fiber_cancel(big, NULL);
    turns(2);
    ck_assert_int_eq(finish(big), UV_ECANCELED);
    ck_assert(gruvi_fiber_alive(small));
    ck_assert_uint_eq(gruvi_queue_size(&queue), n);
    ck_assert_int_eq(gruvi_queue_try_get(&queue, &item), 0);
    ck_assert_uint_eq(gruvi_queue_size(&queue), n);
    ck_assert_int_eq(finish(small), 0);
    memory_for = 0;
    gruvi_queue_destroy(&queue);
}

int
main(void)
{
    Suite *suite = suite_create("items");
    TCase *tc = tcase_create("items");

    tcase_add_loop_test(tc, test_it_grows_wherever_the_ring_begins, 0, 60);
    tcase_add_loop_test(tc, test_without_memory_nothing_changes, 0, 3);
    tcase_add_test(tc, test_a_fifo_gives_the_oldest_first);
    tcase_add_test(tc, test_a_lifo_gives_the_newest_first);
    tcase_add_test(tc, test_a_priority_queue_is_stable_among_equals);
    tcase_add_test(tc, test_a_put_without_memory_has_done_nothing);
    tcase_add_test(tc, test_a_putter_that_memory_keeps_out_comes_in_later);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
