/* SPDX-License-Identifier: MIT */
/* Data that an application keeps with a hub. */
#include <stdio.h>
#include <string.h>

#include "unit/harness.h"

static gruvi_hub_t *own;

HUB_TEST(test_a_key_has_the_value_it_was_given)
{
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "key"));
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", "1", NULL), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "other", "2", NULL), 0);
    ck_assert_str_eq(gruvi_hub_get_data(hub, "key"), "1");
    ck_assert_str_eq(gruvi_hub_get_data(hub, "other"), "2");
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "ke"));
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "keys"));
    ck_assert_ptr_null(gruvi_hub_get_data(hub, ""));
    ck_assert_ptr_null(gruvi_hub_get_data(hub, NULL));
    ck_assert_ptr_null(gruvi_hub_get_data(NULL, "key"));
}

HUB_TEST(test_the_key_is_copied)
{
    char key[] = "key";

    ck_assert_int_eq(gruvi_hub_set_data(hub, key, "1", NULL), 0);
    key[0] = 'K';
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "Key"));
    ck_assert_str_eq(gruvi_hub_get_data(hub, "key"), "1");
}

HUB_TEST(test_reserved_keys_are_refused)
{
    ck_assert_int_eq(gruvi_hub_set_data(hub, "gruvi:x", "1", note), UV_EPERM);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "gruvi:", "1", note), UV_EPERM);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "gruvi:x", NULL, note), UV_EPERM);
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "gruvi:x"));
    ck_assert_int_eq(gruvi_hub_set_data(hub, "gruvi", "1", NULL), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "gruvid:x", "1", NULL), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "my gruvi:x", "1", NULL), 0);
    ck_assert_str_eq(recorded(), "");
}

HUB_TEST(test_keys_have_1_to_63_bytes)
{
    char key[66];

    memset(key, 'k', sizeof key);
    key[64] = '\0';
    ck_assert_int_eq(gruvi_hub_set_data(hub, key, "1", NULL), UV_EINVAL);
    ck_assert_ptr_null(gruvi_hub_get_data(hub, key));
    key[63] = '\0';
    ck_assert_int_eq(gruvi_hub_set_data(hub, key, "1", NULL), 0);
    ck_assert_str_eq(gruvi_hub_get_data(hub, key), "1");
    ck_assert_int_eq(gruvi_hub_set_data(hub, "", "1", NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_hub_set_data(hub, NULL, "1", NULL), UV_EINVAL);
    ck_assert_int_eq(gruvi_hub_set_data(NULL, "k", "1", NULL), UV_EINVAL);
}

HUB_TEST(test_a_value_is_destroyed_when_replaced_or_removed)
{
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", "1", note), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", "2", NULL), 0);
    ck_assert_str_eq(recorded(), "1");
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", "3", note), 0);
    ck_assert_str_eq(recorded(), "1");
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", NULL, NULL), 0);
    ck_assert_str_eq(recorded(), "1 3");
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "key"));
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", NULL, note), 0);
    ck_assert_str_eq(recorded(), "1 3");
}

HUB_TEST(test_values_are_destroyed_when_the_hub_closes)
{
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", note), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "b", "2", note), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "c", "3", NULL), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "1 2");
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "a"));
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", note), UV_ESHUTDOWN);
    ck_assert_str_eq(recorded(), "1 2");
}

static int
look_at_data(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    record("%s", (char *)gruvi_hub_get_data(own, "a"));
    return 0;
}

HUB_TEST(test_fibers_have_data_to_their_end)
{
    own = hub;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", note), 0);
    gruvi_fiber_unref(spawn(look_at_data, NULL));
    turns(1);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "1 1");
}

static void
set_other(void *value)
{
    ck_assert_ptr_null(gruvi_hub_get_data(own, "a"));
    record("%s %s", (char *)value,
           gruvi_err_name(gruvi_hub_set_data(own, "b", "2", note)));
}

HUB_TEST(test_a_destroyer_may_set_data)
{
    own = hub;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", set_other), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", NULL, NULL), 0);
    ck_assert_str_eq(recorded(), "1 OK");
    ck_assert_str_eq(gruvi_hub_get_data(hub, "b"), "2");
}

HUB_TEST(test_a_destroyer_is_refused_data_while_the_hub_closes)
{
    own = hub;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", set_other), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_str_eq(recorded(), "1 ESHUTDOWN");
}

static void
look_while_replaced(void *value)
{
    record("%s->%s", (char *)value, (char *)gruvi_hub_get_data(own, "a"));
    if (strcmp(value, "1") == 0)
        ck_assert_int_eq(gruvi_hub_set_data(own, "a", "3", NULL), 0);
}

HUB_TEST(test_a_destroyer_sees_the_new_value)
{
    own = hub;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", look_while_replaced), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "2", look_while_replaced), 0);
    ck_assert_str_eq(recorded(), "1->2 2->3");
    ck_assert_str_eq(gruvi_hub_get_data(hub, "a"), "3");
}

static void
remove_itself(void *value)
{
    record("%s", (char *)value);
    ck_assert_int_eq(gruvi_hub_set_data(own, "a", NULL, NULL), 0);
}

HUB_TEST(test_a_destroyer_may_remove_its_key)
{
    own = hub;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", remove_itself), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", NULL, NULL), 0);
    ck_assert_str_eq(recorded(), "1");
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "2", remove_itself), 0);
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "3", NULL), 0);
    ck_assert_str_eq(recorded(), "1 2");
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "a"));
}

static int rounds;

static void
set_itself_again(void *value)
{
    if (rounds-- > 0)
        gruvi_hub_set_data(own, "a", value, set_itself_again);
}

/* Setting data while the hub closes ends: with it, or with a refusal. */
HUB_TEST(test_a_destroyer_that_sets_its_key_again_does_not_keep_the_hub)
{
    own = hub;
    rounds = 1000;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "a", "1", set_itself_again), 0);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert_ptr_null(gruvi_hub_get_data(hub, "a"));
}

static void
set_from_thread(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_hub_set_data(own, "key", "1", note), UV_EPERM);
    ck_assert_ptr_null(gruvi_hub_get_data(own, "key"));
}

HUB_TEST(test_another_thread_is_refused)
{
    own = hub;
    ck_assert_int_eq(gruvi_hub_set_data(hub, "key", "0", NULL), 0);
    in_thread(set_from_thread, NULL);
    ck_assert_str_eq(gruvi_hub_get_data(hub, "key"), "0");
}

HUB_TEST(test_there_is_room_for_many_keys)
{
    char key[16];
    intptr_t n;

    for (n = 1; n <= 300; n++) {
        snprintf(key, sizeof key, "key %d", (int)n);
        ck_assert_int_eq(gruvi_hub_set_data(hub, key, (void *)n, NULL), 0);
    }
    for (n = 1; n <= 300; n++) {
        snprintf(key, sizeof key, "key %d", (int)n);
        ck_assert_int_eq((intptr_t)gruvi_hub_get_data(hub, key), n);
    }
}

int
main(void)
{
    Suite *suite = suite_create("hub_data");
    TCase *tc = tcase_create("hub data");

    tcase_add_test(tc, test_a_key_has_the_value_it_was_given);
    tcase_add_test(tc, test_the_key_is_copied);
    tcase_add_test(tc, test_reserved_keys_are_refused);
    tcase_add_test(tc, test_keys_have_1_to_63_bytes);
    tcase_add_test(tc, test_a_value_is_destroyed_when_replaced_or_removed);
    tcase_add_test(tc, test_values_are_destroyed_when_the_hub_closes);
    tcase_add_test(tc, test_fibers_have_data_to_their_end);
    tcase_add_test(tc, test_a_destroyer_may_set_data);
    tcase_add_test(tc, test_a_destroyer_is_refused_data_while_the_hub_closes);
    tcase_add_test(tc, test_a_destroyer_sees_the_new_value);
    tcase_add_test(tc, test_a_destroyer_may_remove_its_key);
    tcase_add_test(
        tc, test_a_destroyer_that_sets_its_key_again_does_not_keep_the_hub);
    tcase_add_test(tc, test_another_thread_is_refused);
    tcase_add_test(tc, test_there_is_room_for_many_keys);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
