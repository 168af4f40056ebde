/* SPDX-License-Identifier: MIT */
/* Addresses of an instance, when a stop or a shortage comes in between. */
#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "run/life.h"
#include "serve/listen.h"
#include "serve/relisten.h"
#include "serve/serve.h"
#include "support/suite.h"

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    (void)stream;
    (void)plugin;
    return 0;
}

SMALL_GRUVID_TEST(test_a_bind_ends_where_a_stop_was_asked_for_just_before)
{
    gruvid_plugin_t *one = make("old");

    gruvid__ask_to_stop(&leader);
    ck_assert_int_eq(gruvid__plugin_bind(one), UV_ECANCELED);
}

/* There is a fiber for the first of two addresses. */
SMALL_GRUVID_TEST(test_nothing_is_left_of_addresses_that_found_too_few_fibers)
{
    gruvid__section_t *section;
    gruvid_plugin_t *one;

    module.descriptor.multi_hub = module.descriptor.per_hub = false;
    module.descriptor.connection = connection;
    one = make("old");
    begin(one);
    ck_assert_int_eq(gruvid__serve_start(one), 0);
    more_lines = "listen = tcp://127.0.0.1:0\nlisten = tcp://127.0.0.1:0\n";
    section = section_with("old");
    gruvi_hub_set_max_fibers(gruvi_get_hub(), 1);
    ck_assert_int_eq(gruvid__relisten_prepare(one, section), UV_EAGAIN);
    gruvi_hub_set_max_fibers(gruvi_get_hub(), 0);
    gruvi_sleep(0);
    ck_assert_uint_eq(one->shards[0].accepting, 0);
    ck_assert_ptr_null(one->shards[0].endpoints);
    ck_assert_int_eq(gruvid__relisten_prepare(one, section), 1);
    gruvid__relisten_commit(one);
    ck_assert_uint_eq(one->shards[0].accepting, 2);
    gruvid__section_drop(section);
}

/* An instance in two hubs, and a section that has an address. */
static gruvid_plugin_t *
begin_with(gruvid__section_t **section)
{
    gruvid_plugin_t *one;

    module.descriptor.connection = connection;
    one = make("old");
    begin(one);
    ck_assert_int_eq(gruvid__serve_start(one), 0);
    more_lines = "listen = tcp://127.0.0.1:0\n";
    *section = section_with("old");
    return one;
}

static void
expect_caught_up(gruvid_plugin_t *one)
{
    ck_assert(one->is_behind);
    let_second_hub_go();
    ck_assert(!gruvid__relisten_catch_up(&instances));
    ck_assert(!one->is_behind);
    ck_assert_ptr_null(one->left_listening);
}

SMALL_GRUVID_TEST(test_a_hub_that_missed_a_commit_catches_up)
{
    gruvid__section_t *section;
    gruvid_plugin_t *one = begin_with(&section);

    ck_assert_int_eq(gruvid__relisten_prepare(one, section), 1);
    keep_second_hub();
    gruvid__relisten_commit(one);
    ck_assert(!one->shards[0].endpoints->fresh);
    ck_assert(one->shards[1].endpoints->fresh);
    expect_caught_up(one);
    ck_assert(!one->shards[1].endpoints->fresh);
    gruvid__section_drop(section);
}

SMALL_GRUVID_TEST(test_a_hub_that_missed_an_undo_catches_up)
{
    gruvid__section_t *section;
    gruvid_plugin_t *one = begin_with(&section);

    ck_assert_int_eq(gruvid__relisten_prepare(one, section), 1);
    keep_second_hub();
    gruvid__relisten_undo(one);
    ck_assert_ptr_nonnull(one->shards[1].endpoints);
    expect_caught_up(one);
    while (one->shards[1].accepting > 0)
        ck_assert(gruvid__wait(&leader, gruvid__now() + PATIENCE));
    gruvid__section_drop(section);
}

SMALL_GRUVID_TEST(test_a_hub_that_missed_the_begin_catches_up)
{
    gruvid_plugin_t *one;

    module.descriptor.connection = connection;
    more_lines = "listen = tcp://127.0.0.1:0\n";
    one = make("old");
    begin(one);
    ck_assert_int_eq(gruvid__each_shard(one, gruvid__serve_prepare, 0), 0);
    keep_second_hub();
    one->is_behind = gruvid__serve_start(one) < 0;
    ck_assert_str_eq(gruvid__call_reason(one, UV_ETIMEDOUT),
                     "hub 2 does not answer");
    ck_assert_str_eq(gruvid__call_reason(one, UV_ENOMEM),
                     gruvi_strerror(UV_ENOMEM));
    expect_caught_up(one);
    ck_assert(!one->shards[1].endpoints->fresh);
}

int
main(void)
{
    Suite *suite = suite_create("listen");
    TCase *tc = tcase_create("what comes in between");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc, test_a_bind_ends_where_a_stop_was_asked_for_just_before);
    tcase_add_test(tc,
                   test_nothing_is_left_of_addresses_that_found_too_few_fibers);
    tcase_add_test(tc, test_a_hub_that_missed_a_commit_catches_up);
    tcase_add_test(tc, test_a_hub_that_missed_an_undo_catches_up);
    tcase_add_test(tc, test_a_hub_that_missed_the_begin_catches_up);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
