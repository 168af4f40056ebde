/* SPDX-License-Identifier: MIT */
/*
 * max_connections, where fibers of several hubs look at it at once.  A wait is
 * where the others come in: what they do meanwhile is done from inside.
 */
#include <stdlib.h>

#include "instance/instance.h"
#include "serve/limit.h"
#include "support/suite.h"

static gruvid_plugin_t plugin;

/* Called once each, and forgotten before. */
static void (*at_wait)(void);  /* before a fiber waits */
static void (*at_clear)(void); /* before it clears the event */

int __real_gruvi_event_wait(gruvi_event_t *event, double timeout);
int __wrap_gruvi_event_wait(gruvi_event_t *event, double timeout);
void __real_gruvi_event_clear(gruvi_event_t *event);
void __wrap_gruvi_event_clear(gruvi_event_t *event);

static void
call_and_forget(void (**at)(void))
{
    void (*fn)(void) = *at;

    *at = NULL;
    if (fn != NULL)
        fn();
}

/* Nothing comes after that, so a wait that would be one has no end. */
int
__wrap_gruvi_event_wait(gruvi_event_t *event, double timeout)
{
    (void)timeout;
    call_and_forget(&at_wait);
    return __real_gruvi_event_wait(event, 0);
}

void
__wrap_gruvi_event_clear(gruvi_event_t *event)
{
    call_and_forget(&at_clear);
    __real_gruvi_event_clear(event);
}

/* One place, which is taken. */
static void
fill(void)
{
    plugin = (gruvid_plugin_t){.max_connections = 1};
    gruvi_event_init(&plugin.may_accept);
    gruvi_event_init(&plugin.below_limit);
    ck_assert_int_eq(gruvid__limit_claim(&plugin), 0);
}

static void
release(void)
{
    gruvid__limit_release(&plugin);
}

static void
accepting_finds_a_place(void)
{
    at_clear = release;
    ck_assert_int_eq(gruvid__limit_wait(&plugin), 0);
    ck_assert_ptr_null(at_clear);
}

/*
 *   one hub              another hub          the place
 *   it is taken
 *                        it is taken
 *                                             becomes free, which sets the
 * event clears the event looks again: free waits: not for ever
 */
START_TEST(test_who_sees_a_free_place_does_not_hide_it_from_others)
{
    at_wait = accepting_finds_a_place;
    ck_assert_int_eq(gruvid__limit_wait(&plugin), 0);
    ck_assert_ptr_null(at_wait);
}
END_TEST

static void
place_is_not_for_others(void)
{
    release();
    ck_assert_int_eq(gruvid__limit_wait(&plugin), UV_ETIMEDOUT);
}

/* Otherwise the hub where places become free could take each of them. */
START_TEST(test_a_connection_that_is_accepted_comes_first)
{
    at_wait = place_is_not_for_others;
    ck_assert_int_eq(gruvid__limit_claim(&plugin), 0);
    ck_assert_int_eq(gruvid__limit_claim(&plugin), UV_ETIMEDOUT);
    release();
    ck_assert_int_eq(gruvid__limit_wait(&plugin), 0);
}
END_TEST

static void
two_places(void)
{
    const struct gruvid__limits limits = {.max_connections = 2};

    gruvid__limits_set(&plugin, &limits);
}

START_TEST(test_a_limit_that_is_raised_is_seen_by_all)
{
    at_wait = two_places;
    ck_assert_int_eq(gruvid__limit_wait(&plugin), 0);
    ck_assert_int_eq(gruvid__limit_claim(&plugin), 0);
    at_wait = release;
    ck_assert_int_eq(gruvid__limit_claim(&plugin), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("limit");
    TCase *tc = tcase_create("places");

    tcase_add_checked_fixture(tc, fill, NULL);
    tcase_add_test(tc, test_who_sees_a_free_place_does_not_hide_it_from_others);
    tcase_add_test(tc, test_a_connection_that_is_accepted_comes_first);
    tcase_add_test(tc, test_a_limit_that_is_raised_is_seen_by_all);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
