/* SPDX-License-Identifier: MIT */
/*
 * The timing wheel against a model: a table of deadlines, of which those that
 * are due have to fire, and no others, in the order of their ticks.
 *
 * CHECK_SEED in the environment tries a certain seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wheel.h"
#include "support/random.h"
#include "support/suite.h"
#include "support/valgrind.h"

#define TICK ((uint64_t)1 << GRUVI__TICK_SHIFT)
#define MS   ((uint64_t)1000000)
#define SEC  (1000 * MS)

/* An odd moment, as that of a machine that has been up for days. */
#define BEGIN (300000 * SEC + 12345)

/* --- memory that fails ------------------------------------------------------
 */

static int fail_each; /* every nth array is refused; 0: none, 1: all */
static int asked;

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *
__wrap_realloc(void *old, size_t size)
{
    if (fail_each > 0 && ++asked % fail_each == 0)
        return NULL;
    return __real_realloc(old, size);
}

/* --- the model --------------------------------------------------------------
 */

#define MOST 5000

struct item {
    struct gruvi__deadline deadline;
    uint64_t due; /* 0: not armed */
    int fired;
};

static struct gruvi__wheel *wheel;
static struct item items[MOST];
static uint64_t now, last_tick;
static int fired, rearms, disarms;

static uint64_t
tick_of(uint64_t due)
{
    return (due + TICK - 1) / TICK;
}

static void disarm(struct item *item);
static void arm(struct item *item, uint64_t due);
static uint64_t some(uint64_t n);

static void
fire(struct gruvi__deadline *deadline)
{
    struct item *item = gruvi__list_entry(deadline, struct item, deadline);
    struct item *other = &items[some(MOST)];
    uint64_t tick = tick_of(item->due);

    ck_assert_uint_ne(item->due, 0);
    ck_assert_uint_le(item->due, now);
    ck_assert_uint_eq(deadline->due, 0);
    if (fail_each == 0) {
        ck_assert_uint_ge(tick, last_tick);
        last_tick = tick;
    }
    item->due = 0;
    item->fired++;
    fired++;
    /* What it may do: arm itself, for this very slot too; disarm any. */
    if (rearms > 0 && rearms--)
        arm(item, now + 1 + some(257 * TICK));
    if (disarms > 0 && other->due != 0 && disarms--)
        disarm(other);
}

static void
arm(struct item *item, uint64_t due)
{
    /* One that is overdue is as one that is due at once. */
    item->due = due > now ? due : now + 1;
    item->deadline.fire = fire;
    gruvi__wheel_arm(wheel, &item->deadline, due);
    ck_assert_uint_eq(item->deadline.due, due);
}

static void
disarm(struct item *item)
{
    item->due = 0;
    gruvi__wheel_disarm(wheel, &item->deadline);
    ck_assert_uint_eq(item->deadline.due, 0);
}

/* The tick of the first that is armed; UINT64_MAX: none is. */
static uint64_t
first_tick(void)
{
    uint64_t first = UINT64_MAX;

    for (int i = 0; i < MOST; i++)
        if (items[i].due != 0 && tick_of(items[i].due) < first)
            first = tick_of(items[i].due);
    return first;
}

/* What has to have fired by now has, and the wheel has to be asked again in
 * time for the rest. */
static void
compare(void)
{
    uint64_t next = gruvi__wheel_next(wheel), first = first_tick();

    ck_assert_uint_gt(first, now / TICK);
    if (first != UINT64_MAX)
        ck_assert_uint_le(next, first * TICK);
    ck_assert_uint_gt(next, now);
}

static void
pass(uint64_t time)
{
    now += time;
    last_tick = 0;
    gruvi__wheel_expire(wheel, now);
    compare();
}

static void
begin(int i)
{
    srandom((unsigned)(random_seed() + i));
    memset(items, 0, sizeof items);
    wheel = calloc(1, sizeof *wheel);
    now = BEGIN;
    fired = rearms = disarms = fail_each = 0;
    gruvi__wheel_init(wheel);
    ck_assert(gruvi__wheel_idle(wheel));
    ck_assert_uint_eq(gruvi__wheel_next(wheel), UINT64_MAX);
    gruvi__wheel_start(wheel, now);
}

static void
end(void)
{
    fail_each = 0;
    for (int i = 0; i < MOST; i++)
        if (items[i].due != 0)
            disarm(&items[i]);
    gruvi__wheel_destroy(wheel);
    free(wheel);
}

static uint64_t
some(uint64_t n)
{
    return ((uint64_t)random() << 31 ^ (uint64_t)random()) % n;
}

/* From within a tick to years, as long as others are. */
static uint64_t
some_time(void)
{
    static const uint64_t most[] = {TICK,     20 * MS,       SEC,
                                    90 * SEC, 7200ull * SEC, 100 * 86400 * SEC};

    return 1 + some(most[some(6)]);
}

/* ------------------------------------------------------------------------- */

static void
do_at_random(void)
{
    struct item *item = &items[some(MOST)];

    if (item->due != 0)
        disarm(item);
    else
        arm(item, now + some_time());
}

/* Looped: as it is, and with every second or every array refused. */
START_TEST(test_what_is_due_fires_and_nothing_else)
{
    begin(_i);
    fail_each = _i == 0 ? 0 : 3 - _i;
    for (int round = 0; round < 300; round++) {
        for (int n = 0; n < 40; n++)
            do_at_random();
        rearms = (int)some(4);
        disarms = (int)some(4);
        pass(some_time());
    }
    ck_assert_int_gt(fired, 1000);
    end();
}
END_TEST

START_TEST(test_the_last_nanosecond_counts)
{
    begin(_i);
    for (uint64_t i = 0; i < 2000; i++)
        arm(&items[i], now + i * (TICK / 7) + 1);
    /* Right before, and right when, each tick begins. */
    for (int n = 0; n < 300; n++) {
        pass(TICK - 1 - now % TICK);
        pass(1);
    }
    ck_assert_int_eq(fired, 2000);
    ck_assert(gruvi__wheel_idle(wheel));
    end();
}
END_TEST

/* Every length at which the next level begins, armed at every alignment. */
START_TEST(test_the_borders_of_the_levels)
{
    begin(_i);
    for (unsigned level = 1; level < GRUVI__WHEEL_LEVELS; level++) {
        uint64_t length = TICK << 8 * level;

        for (int n = 0; n < 100; n++) {
            uint64_t due = now + length + (uint64_t)(n % 5 - 2) * TICK;
            int before = fired;

            arm(&items[n], due);
            while (items[n].due != 0) {
                uint64_t next = gruvi__wheel_next(wheel);

                ck_assert_uint_lt(next, UINT64_MAX);
                pass(next - now);
            }
            ck_assert_uint_eq(now, tick_of(due) * TICK);
            ck_assert_int_eq(fired, before + 1);
            pass(some(3 * TICK) + (level < 3 ? some(300) * TICK : 0));
        }
    }
    end();
}
END_TEST

/* An hour, a day, 500 years: nobody is forgotten. */
START_TEST(test_far_deadlines_come)
{
    static const uint64_t far[] = {3600 * SEC, 86400 * SEC,
                                   500ull * 365 * 86400 * SEC};

    begin(_i);
    for (int n = 0; n < 3; n++)
        arm(&items[n], now + far[n]);
    for (int n = 0; n < 3; n++) {
        pass(BEGIN + far[n] - now - 1);
        ck_assert_int_eq(fired, n);
        pass(TICK);
        ck_assert_int_eq(fired, n + 1);
    }
    end();
}
END_TEST

START_TEST(test_one_that_is_overdue_fires_in_the_next_tick)
{
    begin(_i);
    arm(&items[0], now - SEC);
    arm(&items[1], 1);
    gruvi__wheel_expire(wheel, now);
    ck_assert_int_eq(fired, 0);
    pass(TICK);
    ck_assert_int_eq(fired, 2);
    end();
}
END_TEST

/* The order of arming, however many there are and whoever is disarmed. */
START_TEST(test_within_a_tick_the_first_armed_is_the_first)
{
    static const uint64_t due = BEGIN / TICK * TICK + 5000 * TICK;

    begin(_i);
    for (int n = 0; n < 1000; n++)
        arm(&items[n], due - (uint64_t)n);
    for (int n = 0; n < 1000; n += 3)
        disarm(&items[n]);
    for (int n = 0; n < 1000; n++)
        if (items[n].due == 0)
            arm(&items[n], due - (uint64_t)n);
    disarm(&items[999]);
    pass(due - now);
    ck_assert_int_eq(fired, 999);
    ck_assert(gruvi__wheel_idle(wheel));
    end();
}
END_TEST

/* Armed and disarmed again and again, beside one that stays: the holes are
 * filled, and the array does not grow. */
START_TEST(test_holes_are_used_again)
{
    int rounds = TRIES(100000);

    begin(_i);
    arm(&items[0], now + SEC);
    for (int n = 0; n < rounds; n++) {
        arm(&items[1], now + SEC);
        arm(&items[2], now + SEC);
        disarm(&items[1]);
        disarm(&items[2]);
    }
    ck_assert_uint_le(wheel->buckets[items[0].deadline.bucket].room, 16);
    end();
}
END_TEST

/* A burst's arrays are not kept for ever. */
START_TEST(test_memory_of_a_burst_goes_back)
{
    uint32_t room = 0;

    begin(_i);
    for (int n = 0; n < MOST; n++)
        arm(&items[n], now + SEC);
    pass(2 * SEC);
    ck_assert_int_eq(fired, MOST);
    for (int n = 0; n < GRUVI__WHEEL_LEVELS * GRUVI__WHEEL_SLOTS; n++)
        room += wheel->buckets[n].room;
    ck_assert_uint_le(room + wheel->spare.room, 8192);
    end();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("wheel");
    TCase *tc = tcase_create("wheel");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_what_is_due_fires_and_nothing_else, 0, 3);
    tcase_add_test(tc, test_the_last_nanosecond_counts);
    tcase_add_test(tc, test_the_borders_of_the_levels);
    tcase_add_test(tc, test_far_deadlines_come);
    tcase_add_test(tc, test_one_that_is_overdue_fires_in_the_next_tick);
    tcase_add_test(tc, test_within_a_tick_the_first_armed_is_the_first);
    tcase_add_test(tc, test_holes_are_used_again);
    tcase_add_test(tc, test_memory_of_a_burst_goes_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
