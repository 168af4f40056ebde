/* SPDX-License-Identifier: MIT */
/* Which instance is a bus: inside of the test program.  What calls do is in
 * check_bus.c. */
#include "bus/bus.h"
#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "run/life.h"
#include "run/retire.h"
#include "support/suite.h"

static const gruvid_bus_functions_t functions = {.size = sizeof functions};
static int provided; /* what gruvid_bus_provide() has returned */

static int
provide(gruvid_plugin_t *plugin)
{
    provided = gruvid_bus_provide(plugin, &functions);
    return 0;
}

SMALL_GRUVID_TEST(test_a_bus_has_something_in_each_hub)
{
    for (int i = 0; i < 3; i++) {
        gruvid_plugin_t *one;

        module.descriptor.start = provide;
        module.descriptor.multi_hub = i != 0;
        module.descriptor.per_hub = i != 1;
        one = make("word");
        begin(one);
        ck_assert_int_eq(provided, i == 2 ? 0 : UV_EINVAL);
        ck_assert(one->line->is_bus == (i == 2));
        ck_assert_ptr_eq(one->line->bus, i == 2 ? one : NULL);
        ck_assert_ptr_eq(instances.only_bus, i == 2 ? one->line : NULL);
        gruvid__plugin_retire(one, gruvid__now(), "that is all");
        await_count(0);
    }
}

SMALL_GRUVID_TEST(test_a_bus_is_provided_in_start)
{
    gruvid_plugin_t *one = make("word");

    ck_assert_int_eq(gruvid_bus_provide(one, &functions), UV_EPERM);
    begin(one);
    ck_assert_int_eq(gruvid_bus_provide(one, &functions), UV_EPERM);
    ck_assert(!one->line->is_bus);
}

SMALL_GRUVID_TEST(test_the_next_generation_takes_its_place_when_it_begins)
{
    gruvid_plugin_t *one, *two;
    struct gruvid__line *line;

    module.descriptor.start = provide;
    one = make("old");
    line = one->line;
    begin(one);
    ck_assert_ptr_eq(line->bus, one);
    two = make("new");
    begin(two);
    ck_assert_ptr_eq(line->bus, one);
    ck_assert_ptr_eq(gruvid__bus_shard(line), &one->shards[0]);
    gruvid__bus_begin(two);
    ck_assert_ptr_eq(line->bus, two);
    gruvid__plugin_retire(one, gruvid__now(), "there is a new one");
    await_count(1);
    ck_assert_ptr_eq(line->bus, two);
    ck_assert_ptr_eq(gruvid__bus_shard(line), &two->shards[0]);
    gruvid__plugin_retire(two, gruvid__now(), "it goes");
    ck_assert_ptr_null(line->bus);
    ck_assert_ptr_null(gruvid__bus_shard(line));
    await_count(0);
    ck_assert(line->is_bus);
    ck_assert_ptr_null(instances.only_bus);
}

/* Nobody calls but fibers of plugins. */
SMALL_GRUVID_TEST(test_gruvids_own_fibers_have_no_bus)
{
    struct gruvid__line *line;

    module.descriptor.start = provide;
    begin(make("word"));
    ck_assert_int_eq(gruvid__bus_find(NULL, &line), UV_ENOTSUP);
    ck_assert_ptr_null(line);
}

int
main(void)
{
    Suite *suite = suite_create("bus_line");
    TCase *tc = tcase_create("line");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_a_bus_has_something_in_each_hub);
    tcase_add_test(tc, test_a_bus_is_provided_in_start);
    tcase_add_test(tc, test_the_next_generation_takes_its_place_when_it_begins);
    tcase_add_test(tc, test_gruvids_own_fibers_have_no_bus);
    return run_suite(suite);
}
