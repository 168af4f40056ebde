/* SPDX-License-Identifier: MIT */
/* What a reload has a plugin do: take new options, take them back, and hand
 * over. */
#include <fcntl.h>
#include <unistd.h>

#include "daemon/config_fixture.h"
#include "daemon/small_gruvid.h"
#include "instance/handover.h"
#include "instance/options.h"
#include "run/reconfigure.h"
#include "support/suite.h"

/* As a reload does it. */
static int
reconfigure_with(gruvid_plugin_t *instance, const char *value)
{
    gruvid__section_t *section = section_with(value);
    int err = gruvid__plugin_reconfigure(instance, section);

    if (err == 0)
        gruvid__instance_adjust(instance, section);
    gruvid__section_drop(section);
    return err;
}

/* And where the reload fails afterwards. */
static void
reconfigure_and_undo(gruvid_plugin_t *instance, const char *value)
{
    gruvid__section_t *section = section_with(value);

    ck_assert_int_eq(gruvid__plugin_reconfigure(instance, section), 0);
    expect_record("start1:old start1:old 1:new 2:new ");
    gruvid__ask_to_stop(&leader);
    gruvid__plugin_undo_reconfigure(instance, section);
    gruvid__section_drop(section);
}

static const char *
word(const struct gruvid__options *options)
{
    return gruvid__options_find(options, "word")->text;
}

static void
expect_words(gruvid_plugin_t *instance, const char *value)
{
    for (size_t i = 0; i < instance->n_shards; i++)
        ck_assert_str_eq(word(instance->shards[i].options), value);
    ck_assert_str_eq(word(instance->options), value);
    ck_assert_str_eq(gruvid__section_string(instance->section, "word"), value);
}

/* --- reconfigure ------------------------------------------------------------
 */

SMALL_GRUVID_TEST(test_with_per_hub_each_hub_takes_the_options_in_its_call)
{
    gruvid_plugin_t *one = make("old");
    const char *before;

    begin(one);
    expect_record("start1:old start1:old ");
    before = word(one->options);
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    expect_record("1:new 2:new ");
    expect_words(one, "new");
    /* The plugin may still have it. */
    ck_assert_str_eq(before, "old");
}

SMALL_GRUVID_TEST(test_without_per_hub_one_call_is_for_all_hubs)
{
    gruvid_plugin_t *one = make("old");

    module.descriptor.per_hub = false;
    begin(one);
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    expect_record("start1:old 1:new ");
    expect_words(one, "new");
}

SMALL_GRUVID_TEST(test_a_refusal_brings_the_old_options_back)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    expect_record("start1:old start1:old ");
    at_reconfigure[2] = UV_EINVAL;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EINVAL);
    /* Hub 1 had taken them. */
    expect_record("1:new 2:new 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
    expect_logged("plugin p: reconfigure failed: hub 2 does not like new "
                  "(EINVAL)");
}

SMALL_GRUVID_TEST(test_a_single_refusal_changes_nothing)
{
    gruvid_plugin_t *one = make("old");

    module.descriptor.per_hub = false;
    begin(one);
    at_reconfigure[1] = UV_EACCES;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EACCES);
    expect_record("start1:old 1:new ");
    expect_words(one, "old");
}

SMALL_GRUVID_TEST(test_an_undo_calls_again_with_the_old_options)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    reconfigure_and_undo(one, "new");
    expect_record("2:old 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
}

SMALL_GRUVID_TEST(test_an_undo_that_is_refused_marks_the_instance)
{
    gruvid_plugin_t *one = make("old");
    gruvid__section_t *section = section_with("new");

    begin(one);
    ck_assert_int_eq(gruvid__plugin_reconfigure(one, section), 0);
    at_reconfigure[1] = UV_EIO;
    gruvid__plugin_undo_reconfigure(one, section);
    gruvid__section_drop(section);
    ck_assert(one->inconsistent);
    expect_words(one, "old");
    expect_logged("plugin p has not taken its old options again");
}

static void
adjust_with(gruvid_plugin_t *instance, const char *value)
{
    gruvid__section_t *section = section_with(value);

    gruvid__instance_adjust(instance, section);
    gruvid__section_drop(section);
}

static size_t
count_records(const gruvid_plugin_t *instance)
{
    size_t n = 0;

    for (struct gruvid__options *o = instance->records; o != NULL; o = o->next)
        n++;
    return n;
}

/* The plugin may keep text of all values that it was ever told of.  Of the
 * configurations themselves there is the newest. */
SMALL_GRUVID_TEST(test_what_getters_gave_lasts_and_configurations_go)
{
    gruvid_plugin_t *one = make("old");
    const char *first = word(one->options), *second;

    begin(one);
    ck_assert_int_eq(reconfigure_with(one, "new"), 0);
    second = word(one->options);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(reconfigure_with(one, "old"), 0);
        ck_assert_ptr_eq(word(one->options), first);
        ck_assert_int_eq(reconfigure_with(one, "new"), 0);
        ck_assert_ptr_eq(word(one->options), second);
    }
    ck_assert_str_eq(first, "old");
    ck_assert_str_eq(second, "new");
    ck_assert_uint_eq(count_records(one), 2);
    ck_assert_uint_eq(one->n_held, 1);
}

SMALL_GRUVID_TEST(test_a_configuration_that_was_refused_goes)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    at_reconfigure[2] = UV_EINVAL;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EINVAL);
    ck_assert_uint_eq(one->n_held, 1);
    ck_assert_ptr_eq(one->held[0], one->section);
    expect_words(one, "old");
}

SMALL_GRUVID_TEST(test_an_adjusted_configuration_takes_the_place_of_the_last)
{
    gruvid_plugin_t *one = make("old");
    const char *first = word(one->options);

    begin(one);
    for (int i = 0; i < 10; i++)
        adjust_with(one, "old");
    ck_assert_uint_eq(one->n_held, 1);
    ck_assert_ptr_eq(word(one->options), first);
}

SMALL_GRUVID_TEST(test_a_reconfigure_that_hangs_is_cancelled)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    hangs = true;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_ETIMEDOUT);
    expect_record("start1:old start1:old 1:new 2:new 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
    expect_logged("did not return within 0.1 seconds (start_timeout)");
    hangs = false;
    ck_assert_int_eq(reconfigure_with(one, "newer"), 0);
    expect_words(one, "newer");
}

SMALL_GRUVID_TEST(test_a_reconfigure_that_does_not_end_marks_the_instance)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    is_stubborn = true;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_ETIMEDOUT);
    ck_assert(one->inconsistent);
    expect_words(one, "old");
    /* It still runs there. */
    ck_assert_int_eq(reconfigure_with(one, "newer"), UV_EBUSY);
    expect_words(one, "old");
}

SMALL_GRUVID_TEST(test_a_hub_that_does_not_answer_refuses_for_all)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    keep_second_hub();
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EBUSY);
    expect_logged("reconfigure cannot be called: hub 2 does not answer");
    let_second_hub_go();
    /* It was never called there. */
    expect_record("start1:old start1:old 1:new 1:old ");
    expect_words(one, "old");
    ck_assert(!one->inconsistent);
    ck_assert(!leader.abandoned);
}

SMALL_GRUVID_TEST(test_a_hub_that_answers_again_takes_the_next_options)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    keep_second_hub();
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_EBUSY);
    let_second_hub_go();
    ck_assert_int_eq(reconfigure_with(one, "newer"), 0);
    expect_words(one, "newer");
}

SMALL_GRUVID_TEST(test_a_reconfigure_that_keeps_its_hub_has_not_ended)
{
    gruvid_plugin_t *one = make("old");

    begin(one);
    is_rude = true;
    ck_assert_int_eq(reconfigure_with(one, "new"), UV_ETIMEDOUT);
    ck_assert(one->inconsistent);
    ck_assert(gruvid__shard_is_busy(&one->shards[1]));
    is_rude = false;
    let_second_hub_go();
    while (gruvid__shard_is_busy(&one->shards[1]))
        gruvid__wait(&leader, gruvid__now() + PATIENCE);
    ck_assert_int_eq(reconfigure_with(one, "newer"), 0);
    expect_words(one, "newer");
}

/* --- handover ---------------------------------------------------------------
 */

SMALL_GRUVID_TEST(test_the_first_start_gets_what_was_handed_over)
{
    gruvid_plugin_t *one = make("old"), *two;
    int free_fd;

    begin(one);
    fd_given = open("/dev/null", O_RDONLY | O_CLOEXEC);
    free_fd = fcntl(fd_given, F_DUPFD, 0);
    close(free_fd);
    fd_taken = -1;
    two = make("new");
    ck_assert_int_eq(gruvid__plugin_handover(one, two), 0);
    begin(two);
    expect_record("start1:old start1:old handover1 start2:new got:42 "
                  "start2:new ");
    /* What was not taken is closed. */
    ck_assert_int_eq(fd_taken, free_fd);
    close(fd_taken);
    ck_assert_int_eq(fcntl(fd_given, F_DUPFD, 0), free_fd);
    close(free_fd);
    close(fd_given);
    ck_assert_int_eq(gruvid_handover_put(one, "text", "x", 1), UV_EPERM);
    ck_assert_ptr_null(gruvid_handover_get(two, "text", NULL));
    ck_assert_int_eq(gruvid_handover_take_fd(two, "fd"), UV_ENOENT);
}

SMALL_GRUVID_TEST(test_a_handover_that_fails_hands_nothing_over)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");

    begin(one);
    fd_given = 0;
    at_handover = UV_EIO;
    ck_assert_int_eq(gruvid__plugin_handover(one, two), UV_EIO);
    ck_assert_ptr_null(two->received);
    begin(two);
    expect_record("start1:old start1:old handover1 start2:new start2:new ");
}

SMALL_GRUVID_TEST(test_what_a_handover_still_puts_into_stays)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");

    begin(one);
    fd_given = 0;
    is_stubborn = true;
    ck_assert_int_eq(gruvid__plugin_handover(one, two), UV_ETIMEDOUT);
    ck_assert_int_eq(gruvid__plugin_handover(one, two), UV_EBUSY);
    ck_assert_ptr_nonnull(gruvid__handover_get(one->given, "text", NULL));
    is_stubborn = false;
    gruvi_event_set(&let_go);
    while (gruvid__shard_is_busy(&one->shards[0]))
        gruvid__wait(&leader, gruvid__now() + PATIENCE);
    ck_assert_int_eq(gruvid__plugin_handover(one, two), 0);
    ck_assert_ptr_nonnull(two->received);
}

SMALL_GRUVID_TEST(test_without_a_handover_there_is_nothing_to_do)
{
    gruvid_plugin_t *one = make("old"), *two = make("new");

    module.descriptor.handover = NULL;
    begin(one);
    ck_assert_int_eq(gruvid__plugin_handover(one, two), 0);
    ck_assert_ptr_null(two->received);
}

int
main(void)
{
    Suite *suite = suite_create("reconfigure");
    TCase *tc = tcase_create("options and handover");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_set_timeout(tc, PATIENCE);
    tcase_add_test(tc,
                   test_with_per_hub_each_hub_takes_the_options_in_its_call);
    tcase_add_test(tc, test_without_per_hub_one_call_is_for_all_hubs);
    tcase_add_test(tc, test_a_refusal_brings_the_old_options_back);
    tcase_add_test(tc, test_a_single_refusal_changes_nothing);
    tcase_add_test(tc, test_an_undo_calls_again_with_the_old_options);
    tcase_add_test(tc, test_an_undo_that_is_refused_marks_the_instance);
    tcase_add_test(tc, test_what_getters_gave_lasts_and_configurations_go);
    tcase_add_test(tc, test_a_configuration_that_was_refused_goes);
    tcase_add_test(tc,
                   test_an_adjusted_configuration_takes_the_place_of_the_last);
    tcase_add_test(tc, test_a_reconfigure_that_hangs_is_cancelled);
    tcase_add_test(tc, test_a_reconfigure_that_does_not_end_marks_the_instance);
    tcase_add_test(tc, test_a_hub_that_does_not_answer_refuses_for_all);
    tcase_add_test(tc, test_a_hub_that_answers_again_takes_the_next_options);
    tcase_add_test(tc, test_a_reconfigure_that_keeps_its_hub_has_not_ended);
    tcase_add_test(tc, test_the_first_start_gets_what_was_handed_over);
    tcase_add_test(tc, test_a_handover_that_fails_hands_nothing_over);
    tcase_add_test(tc, test_what_a_handover_still_puts_into_stays);
    tcase_add_test(tc, test_without_a_handover_there_is_nothing_to_do);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
