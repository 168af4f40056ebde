/* SPDX-License-Identifier: MIT */
/* What has changed from one configuration to the next, and files that may not
 * be read any more. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/config_fixture.h"
#include "support/suite.h"

static const gruvid_option_t options[] = {
    {.name = "word", .type = GRUVID_STRING, .default_value = "one"},
    {.name = "time", .type = GRUVID_DURATION, .default_value = "60s"},
    {.name = "items", .type = GRUVID_LIST, .default_value = "a\nb"},
    {.name = "password", .type = GRUVID_SECRET, .default_value = "hunter0"},
    GRUVID_OPTIONS_END,
};

/* The first plugin's section of a text, after both steps. */
static gruvid__section_t *
section_of(const char *text)
{
    load(text);
    ck_assert_str_eq(mistakes(), "");
    return plugin(options);
}

static unsigned
changes(const char *from, const char *to)
{
    gruvid__section_t *runs, *read;
    gruvid__config_t *first;
    unsigned found;

    gruvid__config_free(config);
    config = NULL;

    runs = section_of(from);
    first = config;
    config = NULL;
    read = section_of(to);
    found = gruvid__section_compare(runs, read);
    gruvid__config_free(first);
    return found;
}

#define A "[plugin a]\n"

START_TEST(test_equal_values_are_no_change_however_they_are_written)
{
    ck_assert_uint_eq(changes(A, A), 0);
    ck_assert_uint_eq(changes(A, A "word = \"one\"\nmodule = a\n"), 0);
    ck_assert_uint_eq(changes(A "time = 1m\n", A), 0);
    ck_assert_uint_eq(changes(A "items = a\nitems = b\n", A), 0);
    ck_assert_uint_eq(
        changes(A "idle_timeout = 2s\n", A "idle_timeout = 2000ms\n"), 0);
}
END_TEST

START_TEST(test_each_kind_of_change_is_told)
{
    const unsigned own = GRUVID__CHANGED_OPTIONS;

    ck_assert_uint_eq(changes(A, A "word = two\n"), own);
    ck_assert_uint_eq(changes(A, A "time = 61s\n"), own);
    ck_assert_uint_eq(changes(A, A "items = b\nitems = a\n"), own);
    ck_assert_uint_eq(changes(A, A "items =\n"), own);
    ck_assert_uint_eq(changes(A, A "password = hunter1\n"), own);
    ck_assert_uint_eq(changes(A, A "module = b\n"), GRUVID__CHANGED_MODULE);
    ck_assert_uint_eq(changes(A, A "max_connections = 3\n"),
                      GRUVID__CHANGED_LIVE);
    ck_assert_uint_eq(changes(A, A "listen = tcp://127.0.0.1:0\n"),
                      GRUVID__CHANGED_LISTEN);
    ck_assert_uint_eq(changes(A, A "backlog = 3\nword = two\n"),
                      own | GRUVID__CHANGED_LISTEN);
}
END_TEST

START_TEST(test_the_content_of_a_secret_counts_and_not_its_path)
{
    char text[128];

    write_file(other, "hunter0\n", 8);
    snprintf(text, sizeof text, A "password = file:%s\n", other);
    ck_assert_uint_eq(changes(A, text), 0);
    write_file(other, "hunter1\n", 8);
    ck_assert_uint_eq(changes(A, text), GRUVID__CHANGED_OPTIONS);
}
END_TEST

static void
note(void *arg, const char *section, const char *key, const char *now,
     const char *then)
{
    char *text = arg;

    sprintf(text + strlen(text), "%s.%s %s %s;", section, key, now, then);
}

START_TEST(test_what_needs_a_restart_is_told_key_by_key)
{
    char text[256] = "";
    gruvid__config_t *runs;

    load("[fibers]\nstack_size = 64K\n");
    runs = config;
    load("[gruvid]\nhubs = 2\ndrain_timeout = 1s\n"
         "[fibers]\nstack_size = 65536\n");
    gruvid__config_each_change(runs, config, GRUVID__CHANGED_PROCESS, note,
                               text);
    ck_assert_str_eq(text, "gruvid.hubs 1 2;");
    *text = '\0';
    gruvid__config_each_change(runs, config, GRUVID__CHANGED_LIVE, note, text);
    ck_assert_str_eq(text, "gruvid.drain_timeout 30s 1s;");
    gruvid__config_free(runs);
}
END_TEST

/* The files are there, and may not be read. */
static gruvid__config_t *
load_again_as_nobody(gruvid__config_t *before)
{
    gruvid__config_t *read;
    uid_t was = geteuid();

    ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(gruvid__config_load_again(&read, before, path, NULL, 0),
                     0);
    ck_assert_int_eq(seteuid(was), 0);
    return read;
}

static void
check_password(gruvid__config_t *read, const char *expected)
{
    gruvid__section_t *section = gruvid__config_section(read, "plugin a");
    uid_t was = geteuid();

    ck_assert_int_eq(seteuid(65534), 0);
    ck_assert_int_eq(
        gruvid__config_check_plugin(read, section, options, sizeof *options),
        0);
    ck_assert_int_eq(seteuid(was), 0);
    if (expected == NULL) {
        ck_assert_uint_eq(gruvid__config_mistakes(read), 1);
        return;
    }
    ck_assert_uint_eq(gruvid__config_mistakes(read), 0);
    ck_assert_str_eq(gruvid__section_string(section, "password"), expected);
}

START_TEST(test_a_file_that_may_not_be_read_is_what_it_was_until_it_changes)
{
    gruvid__config_t *before, *read;
    char text[128];

    if (geteuid() != 0) {
        printf("skipped: only root can become somebody else\n");
        return;
    }
    write_file(other, "hunter1\n", 8);
    snprintf(text, sizeof text, A "password = file:%s\n", other);
    section_of(text);
    before = config;
    config = NULL;
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(chmod(other, 0600), 0);
    /* chmod() has changed the file. */
    read = load_again_as_nobody(before);
    check_password(read, NULL);
    gruvid__config_free(read);
    gruvid__config_free(before);

    section_of(text);
    before = config;
    config = NULL;
    read = load_again_as_nobody(before);
    check_password(read, "hunter1");
    gruvid__config_free(before);
    before = load_again_as_nobody(read); /* and so the next time */
    check_password(before, "hunter1");
    gruvid__config_free(before);
    gruvid__config_free(read);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config_compare");
    TCase *tc = tcase_create("compare");

    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_add_test(tc,
                   test_equal_values_are_no_change_however_they_are_written);
    tcase_add_test(tc, test_each_kind_of_change_is_told);
    tcase_add_test(tc, test_the_content_of_a_secret_counts_and_not_its_path);
    tcase_add_test(tc, test_what_needs_a_restart_is_told_key_by_key);
    tcase_add_test(
        tc, test_a_file_that_may_not_be_read_is_what_it_was_until_it_changes);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
