/* SPDX-License-Identifier: MIT */
/*
 * Four hubs with some fibers each, and four plain threads, on the same object,
 * with timeouts and cancels at random.  At the end the counts are exact:
 * nothing was lost, and nothing came twice.
 *
 * CHECK_SEED in the environment tries a certain seed.  How the threads mix is
 * up to the system, so the same seed need not fail again.
 */
#include <string.h>

#include "core/thread.h"
#include "support/random.h"
#include "unit/harness.h"

#define HUBS      4
#define FIBERS    3 /* in each */
#define THREADS   4
#define WORKERS   (HUBS * FIBERS + THREADS)
#define PRODUCERS (WORKERS / 2)
#define ROUNDS    300
#define PERMITS   3

struct worker {
    void (*work)(struct worker *self);
    uint64_t random;
    int number;
    bool is_thread, finished;
    gruvi_fiber_t *fiber;
    long done; /* what it has had success with */
};

static struct worker workers[WORKERS];
static long seed;

static double
some_timeout(struct worker *self)
{
    switch (chance(&self->random, 4)) {
    case 0:
        return 0;
    case 1:
        return GRUVI_FOREVER;
    default:
        return (1 + chance(&self->random, 100)) * 1e-6;
    }
}

/* Else it was one of those that end a wait here. */
static bool
had_success(int err)
{
    if (err != 0)
        ck_assert_msg(err == UV_ETIMEDOUT || err == UV_ECANCELED, "%s",
                      gruvi_err_name(err));
    return err == 0;
}

/* Let others at it, sometimes, while something is held. */
static void
dwell(struct worker *self)
{
    if (chance(&self->random, 4) > 0)
        return;
    if (self->is_thread)
        sched_yield();
    else
        gruvi_sleep(chance(&self->random, 2) * 1e-6);
}

/* --- the crew --------------------------------------------------------------
 */

static int
run_fiber(void *arg)
{
    struct worker *self = arg;

    self->work(self);
    self->finished = true;
    return 0;
}

static void
run_thread(void *arg)
{
    struct worker *self = arg;

    self->work(self);
    ck_assert_ptr_null(gruvi__self.hub);
}

/* Cancel the fibers of a hub at random until all of them have ended. */
static void
run_hub(void *arg)
{
    struct worker *first = arg;
    uint64_t random = first->random ^ 0xabcdef;
    int n, left;

    ck_assert_ptr_nonnull(gruvi_get_hub());
    for (n = 0; n < FIBERS; n++)
        first[n].fiber = spawn(run_fiber, &first[n]);
    /* One that is cancelled before it has begun never runs. */
    turns(1);
    do {
        n = (int)chance(&random, FIBERS);
        if (!first[n].finished)
            gruvi_fiber_cancel(first[n].fiber, NULL);
        ck_assert_int_eq(gruvi_sleep(chance(&random, 300) * 1e-6), 0);
        for (left = n = 0; n < FIBERS; n++)
            left += !first[n].finished;
    } while (left > 0);
    for (n = 0; n < FIBERS; n++)
        finish(first[n].fiber);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

static pthread_t crew[HUBS + THREADS];

/* work is for even workers, other for odd ones. */
static void
begin_crew(void (*work)(struct worker *self),
           void (*other)(struct worker *self))
{
    int n;

    for (n = 0; n < WORKERS; n++)
        workers[n] = (struct worker){
            .work = n % 2 == 0 ? work : other,
            .random = random_begin(seed, n),
            .number = n,
            .is_thread = n >= HUBS * FIBERS,
        };
    for (n = 0; n < HUBS; n++)
        crew[n] = begin_thread(run_hub, &workers[n * FIBERS]);
    for (; n < HUBS + THREADS; n++)
        crew[n] = begin_thread(run_thread, &workers[HUBS * FIBERS + n - HUBS]);
}

/* How often all of them together had success. */
static long
end_crew(void)
{
    long done = 0;
    int n;

    for (n = 0; n < HUBS + THREADS; n++)
        end_thread(crew[n]);
    for (n = 0; n < WORKERS; n++)
        done += workers[n].done;
    return done;
}

/* --- locks ------------------------------------------------------------------
 */

static gruvi_lock_t lock;
static long counter;   /* under lock */
static int inside;     /* likewise */
static bool reentrant; /* the lock is */

static void
enter_and_leave(struct worker *self)
{
    int again = reentrant ? (int)chance(&self->random, 3) : 0, n;

    ck_assert_int_eq(inside++, 0);
    for (n = 0; n < again; n++)
        ck_assert_int_eq(gruvi_lock_try_acquire(&lock), 0);
    counter++;
    dwell(self);
    ck_assert_int_eq(--inside, 0);
    for (n = 0; n < again; n++)
        ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    ck_assert_int_eq(gruvi_lock_release(&lock), 0);
    self->done++;
}

static void
use_lock(struct worker *self)
{
    int n;

    for (n = 0; n < ROUNDS; n++)
        if (had_success(gruvi_lock_acquire(&lock, some_timeout(self))))
            enter_and_leave(self);
}

THREAD_TEST(test_a_lock_is_held_by_one_at_a_time)
{
    reentrant = i == 1;
    if (reentrant)
        gruvi_rlock_init(&lock);
    else
        gruvi_lock_init(&lock);
    counter = 0;
    begin_crew(use_lock, use_lock);
    ck_assert_int_eq(end_crew(), counter);
    ck_assert(!gruvi_lock_locked(&lock));
    gruvi_lock_destroy(&lock);
}

/* --- semaphores ------------------------------------------------------------
 */

static gruvi_semaphore_t sem;

static void
use_semaphore(struct worker *self)
{
    int n;

    for (n = 0; n < ROUNDS; n++) {
        if (!had_success(gruvi_semaphore_acquire(&sem, some_timeout(self))))
            continue;
        ck_assert_int_lt(__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED),
                         PERMITS);
        dwell(self);
        __atomic_fetch_sub(&inside, 1, __ATOMIC_RELAXED);
        ck_assert_int_eq(gruvi_semaphore_release(&sem), 0);
    }
}

THREAD_TEST(test_a_semaphore_keeps_its_number_of_permits)
{
    int n;

    gruvi_semaphore_init(&sem, PERMITS);
    begin_crew(use_semaphore, use_semaphore);
    end_crew();
    for (n = 0; n < PERMITS; n++)
        ck_assert_int_eq(gruvi_semaphore_try_acquire(&sem), 0);
    ck_assert_int_eq(gruvi_semaphore_try_acquire(&sem), UV_EAGAIN);
    gruvi_semaphore_destroy(&sem);
}

/* --- conditions: each token is for one -------------------------------------
 */

static gruvi_cond_t cond;
static long tokens, consumed; /* under its lock */

static void
lock_cond(void)
{
    while (
        !had_success(gruvi_lock_acquire(gruvi_cond_lock(&cond), GRUVI_FOREVER)))
        ;
}

static void
unlock_cond(void)
{
    ck_assert_int_eq(gruvi_lock_release(gruvi_cond_lock(&cond)), 0);
}

static void
make_tokens(struct worker *self)
{
    int n;

    for (n = 0; n < ROUNDS; n++) {
        lock_cond();
        tokens++;
        ck_assert_int_eq(gruvi_cond_notify(&cond, 1), 0);
        unlock_cond();
        dwell(self);
    }
    self->done = ROUNDS;
}

static bool
token_or_end(void *arg)
{
    (void)arg;
    return tokens > 0 || consumed == PRODUCERS * ROUNDS;
}

/* Where one notification were lost it would not end. */
static void
use_tokens(struct worker *self)
{
    double timeout;
    bool goes_on = true;

    while (goes_on) {
        timeout =
            chance(&self->random, 3) == 0 ? some_timeout(self) : GRUVI_FOREVER;
        lock_cond();
        if (had_success(
                gruvi_cond_wait_for(&cond, token_or_end, NULL, timeout))) {
            goes_on = tokens > 0;
            tokens -= goes_on;
            consumed += goes_on;
            self->done -= goes_on;
        }
        if (consumed == PRODUCERS * ROUNDS)
            ck_assert_int_eq(gruvi_cond_notify_all(&cond), 0);
        unlock_cond();
    }
}

THREAD_TEST(test_no_notification_of_a_condition_is_lost)
{
    tokens = consumed = 0;
    gruvi_cond_init(&cond, NULL);
    begin_crew(make_tokens, use_tokens);
    ck_assert_int_eq(end_crew(), 0);
    ck_assert_int_eq(tokens, 0);
    ck_assert_int_eq(consumed, PRODUCERS * ROUNDS);
    gruvi_cond_destroy(&cond);
}

/* --- queues -----------------------------------------------------------------
 */

static gruvi_queue_t queue;
static unsigned char seen[PRODUCERS * ROUNDS]; /* atomic */

static void
put_items(struct worker *self)
{
    gruvi_queue_put_options_t options = {0};
    int n, err;

    for (n = 0; n < ROUNDS; n++) {
        options.size = 1 + chance(&self->random, 3);
        options.priority = chance(&self->random, 5);
        do {
            err = gruvi_queue_put(&queue, &seen[self->number / 2 * ROUNDS + n],
                                  &options, some_timeout(self));
        } while (!had_success(err));
    }
    self->done = ROUNDS;
}

static void
get_items(struct worker *self)
{
    void *item;
    int err;

    while ((err = gruvi_queue_get(&queue, &item, some_timeout(self))) !=
           UV_EOF) {
        if (!had_success(err)) {
            ck_assert_ptr_null(item);
            continue;
        }
        __atomic_fetch_add((unsigned char *)item, 1, __ATOMIC_RELAXED);
        self->done--;
        ck_assert_int_eq(gruvi_queue_task_done(&queue), 0);
    }
}

/* Closed when the last item has been worked on. */
static void
close_when_done(void *arg)
{
    struct worker *self = arg;

    while (self->done < PRODUCERS * ROUNDS) {
        ck_assert_int_eq(gruvi_queue_join(&queue, GRUVI_FOREVER), 0);
        sched_yield();
        self->done = 0;
        for (size_t n = 0; n < sizeof seen; n++)
            self->done += __atomic_load_n(&seen[n], __ATOMIC_RELAXED);
    }
    gruvi_queue_close(&queue);
}

THREAD_TEST(test_every_item_of_a_queue_arrives_once)
{
    struct worker closer = {.number = -1};
    size_t n;

    memset(seen, 0, sizeof seen);
    gruvi_queue_init(&queue, (gruvi_queue_order_t)i, 6);
    begin_crew(put_items, get_items);
    in_thread(close_when_done, &closer);
    ck_assert_int_eq(end_crew(), 0);
    for (n = 0; n < sizeof seen; n++)
        ck_assert_int_eq(seen[n], 1);
    ck_assert_uint_eq(gruvi_queue_size(&queue), 0);
    ck_assert_int_eq(gruvi_queue_task_done(&queue), UV_EINVAL);
    gruvi_queue_destroy(&queue);
}

int
main(void)
{
    Suite *suite = suite_create("sync stress");
    TCase *tc = tcase_create("sync stress");

    seed = random_seed();
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_a_lock_is_held_by_one_at_a_time, 0, 2);
    tcase_add_test(tc, test_a_semaphore_keeps_its_number_of_permits);
    tcase_add_test(tc, test_no_notification_of_a_condition_is_lost);
    tcase_add_loop_test(tc, test_every_item_of_a_queue_arrives_once, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
