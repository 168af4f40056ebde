/* SPDX-License-Identifier: MIT */
/* Virtual time passes to timers of libuv as well, where a program has libuv go
 * by it: this one does, by a clock_gettime() of its own. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "unit/harness.h"

int
clock_gettime(clockid_t id, struct timespec *now)
{
    if (!gruvi__clock_is_virtual())
        return (int)syscall(SYS_clock_gettime, id, now);
    now->tv_sec = (time_t)(gruvi__clock_now() / 1000000000);
    now->tv_nsec = (long)(gruvi__clock_now() % 1000000000);
    return 0;
}

struct ticks {
    uv_timer_t timer;
    double at[3];
    size_t n;
    gruvi_event_t three;
};

static void
on_tick(uv_timer_t *timer)
{
    struct ticks *ticks = timer->data;

    ticks->at[ticks->n++] = gruvi_now();
    if (ticks->n == 3) {
        uv_timer_stop(timer);
        gruvi_event_set(&ticks->three);
    }
}

static void
tick(struct ticks *ticks, uint64_t milliseconds)
{
    *ticks = (struct ticks){.n = 0};
    gruvi_event_init(&ticks->three);
    ck_assert_int_eq(
        uv_timer_init(gruvi_hub_loop(gruvi_get_hub()), &ticks->timer), 0);
    ticks->timer.data = ticks;
    uv_timer_start(&ticks->timer, on_tick, milliseconds, milliseconds);
}

static void
end_ticks(struct ticks *ticks)
{
    gruvi_uv_close((uv_handle_t *)&ticks->timer);
    gruvi_event_destroy(&ticks->three);
}

/* Nothing else is due: nobody is stuck. */
THREAD_TEST(test_a_timer_of_the_loop_is_waited_for)
{
    struct ticks ticks;
    double began;

    gruvi__clock_make_virtual();
    tick(&ticks, 3600000);
    began = gruvi_now();
    ck_assert_int_eq(gruvi_event_wait(&ticks.three, GRUVI_FOREVER), 0);
    for (size_t n = 0; n < 3; n++)
        ck_assert_double_eq_tol(ticks.at[n] - began, 3600 * (double)(n + 1),
                                0.001);
    end_ticks(&ticks);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

/* Deadlines and timers come in the order of their times. */
THREAD_TEST(test_time_stops_at_whichever_comes_first)
{
    struct ticks ticks;
    size_t seen[5];

    gruvi__clock_make_virtual();
    tick(&ticks, 10000);
    for (size_t n = 0; n < 5; n++) {
        ck_assert_int_eq(gruvi_sleep(7), 0);
        seen[n] = ticks.n;
    }
    ck_assert_uint_eq(seen[0], 0);
    ck_assert_uint_eq(seen[1], 1);
    ck_assert_uint_eq(seen[2], 2);
    ck_assert_uint_eq(seen[3], 2);
    ck_assert_uint_eq(seen[4], 3);
    end_ticks(&ticks);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

int
main(void)
{
    Suite *suite = suite_create("clock_loop");
    TCase *tcase = tcase_create("clock_loop");

    tcase_add_test(tcase, test_a_timer_of_the_loop_is_waited_for);
    tcase_add_test(tcase, test_time_stops_at_whichever_comes_first);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
