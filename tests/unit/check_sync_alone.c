/* SPDX-License-Identifier: MIT */
/*
 * In a process with one thread nothing is atomic: the same things work there,
 * and go on working when a second thread comes.
 */
#include "unit/harness.h"

#define ROUNDS 1000

struct things {
    gruvi_lock_t lock;
    gruvi_semaphore_t sem;
    gruvi_event_t there, back;
    gruvi_queue_t queue;
    long counter; /* under lock */
};

static int
play(void *arg)
{
    struct things *things = arg;
    void *item;
    int n;

    for (n = 0; n < ROUNDS; n++) {
        ck_assert_int_eq(gruvi_event_wait(&things->there, GRUVI_FOREVER), 0);
        gruvi_event_clear(&things->there);
        ck_assert_int_eq(gruvi_lock_acquire(&things->lock, GRUVI_FOREVER), 0);
        things->counter++;
        ck_assert_int_eq(gruvi_lock_release(&things->lock), 0);
        ck_assert_int_eq(gruvi_semaphore_acquire(&things->sem, GRUVI_FOREVER),
                         0);
        ck_assert_int_eq(gruvi_queue_get(&things->queue, &item, GRUVI_FOREVER),
                         0);
        gruvi_event_set(&things->back);
    }
    return 0;
}

static void
play_in_a_thread(void *arg)
{
    play(arg);
}

/* The other side: holds the lock over a switch, so that play() waits. */
static void
serve(struct things *things)
{
    int n;

    for (n = 0; n < ROUNDS; n++) {
        ck_assert_int_eq(gruvi_lock_acquire(&things->lock, GRUVI_FOREVER), 0);
        things->counter++;
        gruvi_event_set(&things->there);
        turns(1);
        ck_assert_int_eq(gruvi_lock_release(&things->lock), 0);
        turns(n % 2);
        ck_assert_int_eq(gruvi_semaphore_release(&things->sem), 0);
        ck_assert_int_eq(
            gruvi_queue_put(&things->queue, NULL, NULL, GRUVI_FOREVER), 0);
        ck_assert_int_eq(gruvi_event_wait(&things->back, GRUVI_FOREVER), 0);
        gruvi_event_clear(&things->back);
    }
}

static void
use_things(void *arg)
{
    struct things things = {.counter = 0};
    gruvi_fiber_t *fiber;
    pthread_t thread;

    (void)arg;
    gruvi_semaphore_init(&things.sem, 0);
    gruvi_queue_init(&things.queue, GRUVI_QUEUE_FIFO, 1);
    fiber = spawn(play, &things);
    serve(&things);
    ck_assert_int_eq(finish(fiber), 0);
    thread = begin_thread(play_in_a_thread, &things);
    serve(&things);
    end_thread(thread);
    ck_assert_int_eq(things.counter, 4 * ROUNDS);
    gruvi_lock_destroy(&things.lock);
    gruvi_semaphore_destroy(&things.sem);
    gruvi_event_destroy(&things.there);
    gruvi_event_destroy(&things.back);
    gruvi_queue_destroy(&things.queue);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

START_TEST(test_alone_and_with_another_thread)
{
    ck_assert_int_eq(in_child(use_things, NULL, NULL, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sync alone");
    TCase *tc = tcase_create("sync alone");

    tcase_add_test(tc, test_alone_and_with_another_thread);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
