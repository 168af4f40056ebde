/* SPDX-License-Identifier: MIT */
/* All that gruvid counts, collected. */
#include <string.h>

#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "hub/lag.h"
#include "metrics/figures.h"
#include "support/suite.h"

static struct gruvid__figures figures;

static void
collect(void)
{
    gruvid__figures_free(&figures);
    ck_assert_int_eq(gruvid__figures_collect(&figures, &instances), 0);
}

static void
forget(void)
{
    gruvid__figures_free(&figures);
    memset(&figures, 0, sizeof figures);
}

/* Of the one section that there is. */
static const struct gruvid__plugin_figures *
section(void)
{
    ck_assert_uint_eq(figures.n_sections, 1);
    ck_assert_str_eq(figures.sections[0].name, "p");
    ck_assert_uint_eq(figures.sections[0].generation, 0);
    return &figures.sections[0];
}

SMALL_GRUVID_TEST(test_generations_and_their_sum)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");

    one->shards[0].accepted = 5;
    one->shards[1].accepted = 1;
    two->shards[0].accepted = 10;
    one->shards[1].open = 3;
    two->shards[1].open = 4;
    two->shards[1].parked = 2;
    one->shards[0].fibers.most = 6;
    two->shards[1].fibers.most = 2;
    collect();
    ck_assert_uint_eq(figures.n_generations, 2);
    ck_assert_uint_eq(figures.generations[0].generation, 1);
    ck_assert_uint_eq(figures.generations[0].counts.accepted, 6);
    ck_assert_uint_eq(figures.generations[0].connections, 3);
    ck_assert_uint_eq(figures.generations[1].counts.accepted, 10);
    ck_assert_uint_eq(figures.generations[1].parked, 2);
    ck_assert_uint_eq(section()->generations, 2);
    ck_assert_uint_eq(section()->counts.accepted, 16);
    ck_assert_uint_eq(section()->connections, 7);
    ck_assert_uint_eq(section()->parked, 2);
    ck_assert_uint_eq(section()->counts.most_fibers, 6);
    ck_assert_uint_eq(figures.hubs[0].connections, 0);
    ck_assert_uint_eq(figures.hubs[1].connections, 7);
    ck_assert_uint_eq(figures.hubs[1].generations, 2);
    one->shards[1].open = two->shards[1].open = 0;
    forget();
}

SMALL_GRUVID_TEST(test_what_a_generation_has_counted_outlives_it)
{
    gruvid_plugin_t *one = make("old");
    const struct gruvid__counts *counts;

    one->shards[0].accepted = 5;
    one->shards[1].accepted = 1;
    one->shards[1].failed = 3;
    one->shards[0].received = 11;
    one->shards[1].sent = 12;
    one->shards[0].fibers.most = 6;
    one->shards[1].fibers.total = 7;
    one->cut = 2;
    one->full = 4;
    one->shards[1].fibers.refused = 9;
    one->shards[1].fibers.most_stack = 8192;
    one->stalls = 8;
    gruvid__times_count(&one->shards[0].times, 0);
    gruvid__codes_count(&one->shards[0].codes, UV_EIO);
    gruvid__instance_free(&instances, one);
    make("new")->shards[0].accepted = 100;
    collect();
    counts = &section()->counts;
    ck_assert_uint_eq(section()->generations, 1);
    ck_assert_uint_eq(section()->counts.most_fibers, 6);
    ck_assert_uint_eq(counts->accepted, 106);
    ck_assert_uint_eq(counts->failed, 3);
    ck_assert_uint_eq(counts->received, 11);
    ck_assert_uint_eq(counts->sent, 12);
    ck_assert_uint_eq(counts->fibers, 7);
    ck_assert_uint_eq(counts->cut, 2);
    ck_assert_uint_eq(counts->full, 4);
    ck_assert_uint_eq(counts->refused, 9);
    ck_assert_uint_eq(counts->most_stack, 8192);
    ck_assert_uint_eq(counts->stalls, 8);
    ck_assert_uint_eq(counts->times.at[0], 1);
    ck_assert_int_eq(counts->codes.at[0].code, UV_EIO);
    ck_assert_uint_eq(counts->codes.at[0].n, 1);
    forget();
}

SMALL_GRUVID_TEST(test_fibers_that_run_are_counted)
{
    gruvid_plugin_t *one = make("stubborn");

    begin(one);
    collect();
    ck_assert_uint_eq(section()->fibers, 2);
    ck_assert_uint_ge(section()->counts.fibers, 4);
    gruvi_event_set(&let_go);
    forget();
}

/* Wait until hub 2 has answered the last question. */
static void
await_answer(void)
{
    while (__atomic_load_n(&hubs.at[1].lag.asked, __ATOMIC_ACQUIRE) > 0)
        gruvi_sleep(0.001);
}

/* A hub that has just begun may answer in its first turn: turns are counted as
 * they end. */
SMALL_GRUVID_TEST(test_a_hub_tells_its_lag_the_next_time)
{
    collect();
    ck_assert_uint_eq(figures.n_hubs, 2);
    ck_assert(figures.hubs[1].answers);
    do {
        await_answer();
        collect();
        ck_assert(figures.hubs[1].answers);
        ck_assert_uint_gt(figures.hubs[1].lag, 0);
    } while (figures.hubs[1].view.turns == 0);
    forget();
}

/* It has its last values, and its lag grows.  That it was asked longer ago
 * than it was is as good as to wait. */
SMALL_GRUVID_TEST(test_a_silent_hub_is_not_waited_for)
{
    uint64_t spawned;

    collect();
    spawned = figures.hubs[1].view.spawned;
    await_answer();
    keep_second_hub();
    collect();
    ck_assert(figures.hubs[1].answers);
    __atomic_sub_fetch(&hubs.at[1].lag.asked, 2000000000, __ATOMIC_RELAXED);
    collect();
    ck_assert(!figures.hubs[1].answers);
    ck_assert_uint_ge(figures.hubs[1].lag, 2000000000);
    ck_assert_uint_eq(figures.hubs[1].view.spawned, spawned);
    ck_assert(figures.hubs[0].answers);
    let_second_hub_go();
    await_answer();
    forget();
}

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

SMALL_GRUVID_TEST(test_pools_tell_their_size_and_how_long_work_has_waited)
{
    uint64_t waits = 0;

    ck_assert_int_eq(gruvi_set_pool_sizes(2, 3), 0);
    ck_assert_int_eq(gruvi_blocking(work, NULL, NULL), 0);
    collect();
    ck_assert_str_eq(figures.pools[0].name, "cpu");
    ck_assert_str_eq(figures.pools[1].name, "io");
    ck_assert_uint_eq(figures.pools[0].stats.max_size, 2);
    ck_assert_uint_eq(figures.pools[1].stats.max_size, 3);
    for (size_t i = 0; i < GRUVI_POOL_WAIT_BUCKETS; i++)
        waits += figures.pools[1].stats.wait[i];
    ck_assert_uint_ge(waits, 1);
    ck_assert_uint_ge(waits, figures.pools[1].stats.done);
    forget();
}

int
main(void)
{
    Suite *suite = suite_create("figures");
    TCase *tc = tcase_create("figures");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc, test_generations_and_their_sum);
    tcase_add_test(tc, test_what_a_generation_has_counted_outlives_it);
    tcase_add_test(tc, test_fibers_that_run_are_counted);
    tcase_add_test(tc, test_a_hub_tells_its_lag_the_next_time);
    tcase_add_test(tc, test_a_silent_hub_is_not_waited_for);
    tcase_add_test(tc, test_pools_tell_their_size_and_how_long_work_has_waited);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
