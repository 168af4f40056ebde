/* SPDX-License-Identifier: MIT */
/* What debuggers are told: the list of hubs, and where members are. */
#include <string.h>

#include <gruvi/inspect.h>

#include "core/hub.h"
#include "unit/harness.h"

static uint32_t
offset_of(const char *name)
{
    for (uint32_t i = 0; i < gruvi__debug.n; i++)
        if (strcmp(gruvi__debug.fields[i].name, name) == 0)
            return gruvi__debug.fields[i].value;
    ck_abort_msg("there is no field %s", name);
}

/* As a debugger does it: by addresses and offsets alone. */
static bool
is_listed(const gruvi_hub_t *hub)
{
    const char *at = *(char *const *)gruvi__debug.root;

    for (; at != gruvi__debug.root; at = *(char *const *)(const void *)at)
        if (at - offset_of("hub.hubs_link") == (const char *)hub)
            return true;
    return false;
}

HUB_TEST(test_a_hub_is_listed_until_it_is_closed)
{
    gruvi_hub_ref(hub);
    ck_assert(is_listed(hub));
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
    ck_assert(!is_listed(hub));
    gruvi_hub_unref(hub);
}

static void *
look_for(void *hub)
{
    gruvi_hub_t *own = gruvi_get_hub();
    bool both = is_listed(own) && is_listed(hub);

    gruvi_hub_close(own);
    return both ? hub : NULL;
}

HUB_TEST(test_hubs_of_all_threads_are_listed)
{
    pthread_t thread;
    void *found;

    ck_assert_int_eq(pthread_create(&thread, NULL, look_for, hub), 0);
    ck_assert_int_eq(pthread_join(thread, &found), 0);
    ck_assert_ptr_eq(found, hub);
    ck_assert(is_listed(hub));
}

static void *
leave_it_open(void *arg)
{
    gruvi_hub_t **hub = arg;

    *hub = gruvi_hub_ref(gruvi_get_hub());
    return NULL;
}

START_TEST(test_a_hub_whose_thread_has_ended_is_not_listed)
{
    pthread_t thread;
    gruvi_hub_t *hub;

    ck_assert_int_eq(pthread_create(&thread, NULL, leave_it_open, &hub), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!is_listed(hub));
    gruvi_hub_unref(hub);
}
END_TEST

START_TEST(test_each_field_has_a_name_of_its_own)
{
    ck_assert_str_eq(gruvi__debug.magic, "gruvi");
    ck_assert_uint_eq(gruvi__debug.version, GRUVI__DEBUG_VERSION);
    ck_assert_uint_gt(gruvi__debug.n, 0);
    for (uint32_t i = 0; i < gruvi__debug.n; i++) {
        const char *name = gruvi__debug.fields[i].name;

        ck_assert_uint_lt(strnlen(name, sizeof gruvi__debug.fields->name),
                          sizeof gruvi__debug.fields->name);
        for (uint32_t j = 0; j < i; j++)
            ck_assert_str_ne(name, gruvi__debug.fields[j].name);
    }
}
END_TEST

static int
do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

/* A fiber has the bit where the sample has it, and only with a name. */
HUB_TEST(test_the_sample_shows_the_bit_of_a_name)
{
    const unsigned char *sample = gruvi__debug.sample;
    gruvi_fiber_options_t options = {.name = "somebody"};
    gruvi_fiber_t *named = gruvi_fiber_new(do_nothing, NULL, &options);
    gruvi_fiber_t *unnamed = gruvi_fiber_new(do_nothing, NULL, NULL);
    size_t at = 0;

    while (sample[at] == 0)
        at++;
    ck_assert_uint_lt(at, offset_of("fiber.size"));
    ck_assert_uint_eq(((unsigned char *)named)[at] & sample[at], sample[at]);
    ck_assert_uint_eq(((unsigned char *)unnamed)[at] & sample[at], 0);
    gruvi_fiber_unref(named);
    gruvi_fiber_unref(unnamed);
}

int
main(void)
{
    Suite *suite = suite_create("debug");
    TCase *tc = tcase_create("debug");

    tcase_add_test(tc, test_a_hub_is_listed_until_it_is_closed);
    tcase_add_test(tc, test_hubs_of_all_threads_are_listed);
    tcase_add_test(tc, test_a_hub_whose_thread_has_ended_is_not_listed);
    tcase_add_test(tc, test_each_field_has_a_name_of_its_own);
    tcase_add_test(tc, test_the_sample_shows_the_bit_of_a_name);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
