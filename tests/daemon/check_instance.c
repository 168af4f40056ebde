/* SPDX-License-Identifier: MIT */
/* Generations of sections: their numbers, their homes, and what they counted.
 * Nothing of a plugin runs here. */
#include <string.h>
#include <uv.h>

#include "daemon/config_fixture.h"
#include "instance/instance.h"
#include "instance/shard.h"
#include "support/suite.h"

#define HUBS 3

static struct gruvid__hub hub[HUBS];
static struct gruvid__leader leader;
static struct gruvid__hubs hubs;
static struct gruvid__instances instances;
static struct gruvid__module single, spread;

static void
open_all(void)
{
    open_folder();
    load("[plugin a]\nmax_connections = 7\n[plugin b]\n[plugin c]\n"
         "[plugin d]\n");
    for (unsigned i = 0; i < HUBS; i++)
        hub[i].number = i + 1;
    hubs = (struct gruvid__hubs){.leader = &leader, .at = hub, .n = HUBS};
    spread.descriptor.multi_hub = true;
    gruvid__instances_init(&instances, &hubs);
}

static void
close_all(void)
{
    gruvid__instances_free(&instances);
    close_folder();
}

static gruvid_plugin_t *
make(const char *name, const struct gruvid__module *module)
{
    gruvid__section_t *section = NULL;
    gruvid_plugin_t *made;

    do
        section = gruvid__config_next_plugin(config, section);
    while (strcmp(gruvid__section_plugin(section), name) != 0);
    ck_assert_int_eq(
        gruvid__instance_new(&made, &instances, section, module, 0), 0);
    return made;
}

/* Make the next generation of a section, which takes the place of before. */
static gruvid_plugin_t *
replace(gruvid_plugin_t *before, const struct gruvid__module *module)
{
    gruvid_plugin_t *next = make(before->name, module);

    before->role = GRUVID__OLD;
    next->role = GRUVID__CURRENT;
    return next;
}

static unsigned
home(const gruvid_plugin_t *instance)
{
    ck_assert_uint_eq(instance->n_shards, 1);
    return instance->shards[0].hub->number;
}

START_TEST(test_generations_are_numbered_from_1_for_each_name)
{
    gruvid_plugin_t *a = make("a", &single), *b = make("b", &single);

    ck_assert_uint_eq(a->generation, 1);
    ck_assert_uint_eq(b->generation, 1);
    gruvid__instance_free(&instances, a);
    a = make("a", &single);
    ck_assert_uint_eq(a->generation, 2);
    ck_assert_str_eq(a->name, "a");
    ck_assert_uint_eq(a->max_connections, 7);
    ck_assert_uint_eq(make("a", &single)->generation, 3);
}
END_TEST

START_TEST(test_homes_are_dealt_out_in_turn)
{
    ck_assert_uint_eq(home(make("a", &single)), 1);
    ck_assert_uint_eq(make("b", &spread)->n_shards, HUBS);
    ck_assert_uint_eq(home(make("b", &single)), 2);
    ck_assert_uint_eq(home(make("c", &single)), 3);
    ck_assert_uint_eq(home(make("d", &single)), 1);
}
END_TEST

START_TEST(test_a_generation_lives_where_the_one_before_it_lives)
{
    gruvid_plugin_t *b;

    make("a", &single)->role = GRUVID__CURRENT;
    b = make("b", &single);
    b->role = GRUVID__CURRENT;
    ck_assert_uint_eq(home(b), 2);
    for (int n = 0; n < 5; n++) {
        b = replace(b, &single);
        ck_assert_uint_eq(home(b), 2);
    }
    /* Those that drain are not counted. */
    ck_assert_uint_eq(home(make("c", &single)), 3);
    ck_assert_uint_eq(home(make("d", &single)), 1);
}
END_TEST

START_TEST(test_a_section_that_is_new_lives_where_the_fewest_do)
{
    gruvid_plugin_t *a = make("a", &single), *b = make("b", &single);

    make("c", &single);
    gruvid__instance_free(&instances, b);
    ck_assert_uint_eq(home(make("d", &single)), 2);
    a->role = GRUVID__OLD;
    ck_assert_uint_eq(home(make("a", &single)), 1);
}
END_TEST

START_TEST(test_the_current_generation_is_found_by_name)
{
    gruvid_plugin_t *first = make("a", &single), *second;

    ck_assert_ptr_null(gruvid__instance_find(&instances, "a"));
    first->role = GRUVID__CURRENT;
    ck_assert_ptr_eq(gruvid__instance_find(&instances, "a"), first);
    ck_assert_ptr_null(gruvid__instance_find(&instances, "b"));
    second = replace(first, &single);
    ck_assert_ptr_eq(gruvid__instance_find(&instances, "a"), second);
}
END_TEST

static void
note(gruvid_plugin_t *instance, void *arg)
{
    char *text = arg;

    strcat(text, instance->name);
    strcat(text, (char[]){(char)('0' + instance->generation), ' ', '\0'});
}

START_TEST(test_each_visits_all_generations_that_exist)
{
    char text[64] = "";
    gruvid_plugin_t *a = make("a", &single);

    make("b", &single);
    make("a", &single);
    gruvid__instances_each(&instances, note, text);
    ck_assert_str_eq(text, "a1 b1 a2 ");
    gruvid__instance_free(&instances, a);
    text[0] = '\0';
    gruvid__instances_each(&instances, note, text);
    ck_assert_str_eq(text, "b1 a2 ");
}
END_TEST

START_TEST(test_the_section_outlives_the_configuration)
{
    gruvid_plugin_t *a = make("a", &single);

    gruvid__config_free(config);
    config = NULL;
    ck_assert_int_eq(gruvid__section_integer(a->section, "max_connections"), 7);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("instance");
    TCase *tc = tcase_create("generations");

    tcase_add_checked_fixture(tc, open_all, close_all);
    tcase_add_test(tc, test_generations_are_numbered_from_1_for_each_name);
    tcase_add_test(tc, test_homes_are_dealt_out_in_turn);
    tcase_add_test(tc, test_a_generation_lives_where_the_one_before_it_lives);
    tcase_add_test(tc, test_a_section_that_is_new_lives_where_the_fewest_do);
    tcase_add_test(tc, test_the_current_generation_is_found_by_name);
    tcase_add_test(tc, test_each_visits_all_generations_that_exist);
    tcase_add_test(tc, test_the_section_outlives_the_configuration);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
