/* SPDX-License-Identifier: MIT */
/* Names and sentences of codes, and the last error. */
#include <string.h>

#include "unit/harness.h"

static const int known[] = {
#define CODE(name, sentence) UV_##name,
    UV_ERRNO_MAP(CODE)
#undef CODE
};

static const char *const names[] = {
#define NAME(name, sentence) #name,
    UV_ERRNO_MAP(NAME)
#undef NAME
};

START_TEST(test_every_code_of_libuv_has_its_name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ck_assert_str_eq(gruvi_err_name(known[i]), names[i]);
    ck_assert_str_eq(gruvi_err_name(0), "OK");
}
END_TEST

START_TEST(test_every_code_has_a_sentence)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ck_assert_uint_gt(strlen(gruvi_strerror(known[i])), 2);
        ck_assert_str_ne(gruvi_strerror(known[i]), names[i]);
    }
    ck_assert_str_eq(gruvi_strerror(0), "success");
}
END_TEST

START_TEST(test_texts_of_known_codes_stay)
{
    const char *name = gruvi_err_name(UV_EIO);
    const char *sentence = gruvi_strerror(UV_EIO);

    gruvi_err_name(UV_ENODEV);
    gruvi_strerror(UV_ENODEV);
    gruvi_err_name(-12345);
    gruvi_strerror(-12345);
    ck_assert_str_eq(name, "EIO");
    ck_assert_str_eq(sentence, uv_strerror(UV_EIO));
}
END_TEST

START_TEST(test_an_unknown_code_has_texts_too)
{
    const char *name = gruvi_err_name(-12345);
    const char *sentence = gruvi_strerror(-12345);

    ck_assert_ptr_ne(name, sentence);
    ck_assert_ptr_nonnull(strstr(name, "12345"));
    ck_assert_ptr_nonnull(strstr(sentence, "12345"));
}
END_TEST

HUB_TEST(test_a_call_that_returns_null_leaves_its_code)
{
    gruvi_fiber_options_t options = {.stack_size = 1};

    ck_assert_int_eq(gruvi_last_error(), 0);
    ck_assert_ptr_null(gruvi_fiber_new(NULL, NULL, &options));
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
    ck_assert_ptr_nonnull(gruvi_get_hub());
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
}

static void
see_no_error(void *arg)
{
    (void)arg;
    ck_assert_int_eq(gruvi_last_error(), 0);
}

HUB_TEST(test_the_last_error_is_the_threads_own)
{
    ck_assert_ptr_null(gruvi_fiber_new(NULL, NULL, NULL));
    in_thread(see_no_error, NULL);
    ck_assert_int_eq(gruvi_last_error(), UV_EINVAL);
}

static int
sleep_and_tell(void *arg)
{
    (void)arg;
    ck_assert_str_eq(gruvi_error_message(), "");
    ck_assert_int_eq(gruvi_sleep(GRUVI_FOREVER), UV_ECANCELED);
    record("%s", gruvi_error_message());
    return 0;
}

HUB_TEST(test_the_message_comes_with_the_error)
{
    gruvi_fiber_t *fiber = spawn(sleep_and_tell, NULL);

    turns(1);
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, "enough"), 0);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_str_eq(recorded(), "enough");
    ck_assert_str_eq(gruvi_error_message(), "");
}

HUB_TEST(test_messages_are_cut_to_63_bytes)
{
    char message[100], cut[64];
    gruvi_fiber_t *fiber = spawn(sleep_and_tell, NULL);

    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    memset(cut, 'x', sizeof cut - 1);
    cut[sizeof cut - 1] = '\0';
    turns(1);
    ck_assert_int_eq(gruvi_fiber_cancel(fiber, message), 0);
    ck_assert_int_eq(finish(fiber), 0);
    ck_assert_str_eq(recorded(), cut);
}

int
main(void)
{
    Suite *suite = suite_create("error");
    TCase *tc = tcase_create("error");

    tcase_add_test(tc, test_every_code_of_libuv_has_its_name);
    tcase_add_test(tc, test_every_code_has_a_sentence);
    tcase_add_test(tc, test_texts_of_known_codes_stay);
    tcase_add_test(tc, test_an_unknown_code_has_texts_too);
    tcase_add_test(tc, test_a_call_that_returns_null_leaves_its_code);
    tcase_add_test(tc, test_the_last_error_is_the_threads_own);
    tcase_add_test(tc, test_the_message_comes_with_the_error);
    tcase_add_test(tc, test_messages_are_cut_to_63_bytes);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
