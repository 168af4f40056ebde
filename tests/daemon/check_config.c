/* SPDX-License-Identifier: MIT */
/*
 * Loading, checking and asking: what config_corpus cannot show, because it is
 * about the interface, about sizes, and files that are no text.
 */
#include <errno.h>
#include <grp.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/config_fixture.h"
#include "support/suite.h"

#define NEEDED(member) offsetof(gruvid_option_t, member)

START_TEST(test_without_a_file_all_is_default)
{
    gruvid__section_t *gruvid, *fibers;

    load_file(NULL);
    ck_assert_uint_eq(gruvid__config_mistakes(config), 0);
    gruvid = gruvid__config_section(config, "gruvid");
    fibers = gruvid__config_section(config, "fibers");
    ck_assert_int_eq(gruvid__section_integer(gruvid, "hubs"), 1);
    ck_assert(gruvid__section_duration(gruvid, "drain_timeout") == 30);
    ck_assert_str_eq(gruvid__section_string(gruvid, "user"), "");
    ck_assert_int_eq(*gruvid__section_string(gruvid, "plugin_dir"), '/');
    ck_assert_uint_eq(gruvid__section_size(fibers, "stack_size"), 131072);
    ck_assert_ptr_null(gruvid__section_value(gruvid, "hubs")->file);
    ck_assert_ptr_null(gruvid__config_next_plugin(config, NULL));
    ck_assert_ptr_null(gruvid__config_section(config, "plugin echo"));
}
END_TEST

START_TEST(test_values_say_where_they_are_from)
{
    static const char *const overrides[] = {"hub.ignore_interrupt=yes"};
    const gruvid__value_t *value;

    write_file(path, "[log]\n\nlevel = debug\n", 21);
    ck_assert_int_eq(gruvid__config_load(&config, path, overrides, 1), 0);
    value =
        gruvid__section_value(gruvid__config_section(config, "log"), "level");
    ck_assert_str_eq(value->file, path);
    ck_assert_uint_eq(value->line, 3);
    value = gruvid__section_value(gruvid__config_section(config, "hub"),
                                  "ignore_interrupt");
    ck_assert_str_eq(value->file, "-o");
    ck_assert_uint_eq(value->line, 1);
    ck_assert(value->as.boolean);
}
END_TEST

START_TEST(test_a_question_without_sense_is_answered_with_nothing)
{
    static const gruvid_option_t options[] = {
        {.name = "unset", .type = GRUVID_ADDRESS}, GRUVID_OPTIONS_END};
    gruvid__section_t *section;
    size_t length = 7;

    load("[plugin a]\n");
    section = plugin(options);
    ck_assert_ptr_null(gruvid__section_value(section, "nothing"));
    ck_assert_ptr_null(gruvid__section_string(section, "nothing"));
    ck_assert_ptr_null(gruvid__section_string(section, "unset"));
    ck_assert_int_eq(gruvid__section_integer(section, "unset"), 0);
    ck_assert_uint_eq(gruvid__section_size(section, "unset"), 0);
    ck_assert(!gruvid__section_bool(section, "unset"));
    ck_assert(gruvid__section_number(section, "start_timeout") == 0);
    ck_assert(gruvid__section_duration(section, "max_connections") == 0);
    ck_assert_ptr_null(*gruvid__section_list(section, "unset", &length));
    ck_assert_uint_eq(length, 0);
}
END_TEST

START_TEST(test_lists_end_with_null_and_know_their_length)
{
    static const gruvid_option_t options[] = {
        {.name = "names", .type = GRUVID_LIST, .default_value = "a b\n\nc\n"},
        GRUVID_OPTIONS_END};
    gruvid__section_t *section;
    const char *const *list;
    size_t length;

    load("[plugin a]\nlisten = unix:/1\nlisten = unix:/2\n");
    section = plugin(options);
    list = gruvid__section_list(section, "listen", &length);
    ck_assert_uint_eq(length, 2);
    ck_assert_str_eq(list[0], "unix:/1");
    ck_assert_str_eq(list[1], "unix:/2");
    ck_assert_ptr_null(list[2]);
    list = gruvid__section_list(section, "names", NULL);
    ck_assert_str_eq(list[0], "a b");
    ck_assert_str_eq(list[1], "c");
    ck_assert_ptr_null(list[2]);
}
END_TEST

START_TEST(test_the_module_is_the_name_unless_it_is_set)
{
    gruvid__section_t *section = NULL;

    load("[plugin a]\n[plugin b]\nmodule = a\n[plugin c]\nmodule =\n"
         "[plugin d]\nmodule = ../d\n");
    section = gruvid__config_next_plugin(config, section);
    ck_assert_str_eq(gruvid__section_module(section), "a");
    ck_assert_str_eq(gruvid__section_plugin(section), "a");
    ck_assert_str_eq(gruvid__section_name(section), "plugin a");
    section = gruvid__config_next_plugin(config, section);
    ck_assert_str_eq(gruvid__section_module(section), "a");
    section = gruvid__config_next_plugin(config, section);
    ck_assert_str_eq(gruvid__section_module(section), "c");
    section = gruvid__config_next_plugin(config, section);
    ck_assert_ptr_null(gruvid__section_module(section));
    ck_assert_ptr_null(gruvid__config_next_plugin(config, section));
}
END_TEST

START_TEST(test_tables_of_an_older_abi_are_shorter)
{
    static const gruvid_option_t options[] = {
        {.name = "a", .type = GRUVID_INTEGER, .default_value = "5"},
        {.name = "b", .default_value = "text"}};
    char *old = calloc(3, NEEDED(reserved));
    gruvid__section_t *section;

    memcpy(old, &options[0], NEEDED(reserved));
    memcpy(old + NEEDED(reserved), &options[1], NEEDED(reserved));
    load("[plugin a]\nb = set\n");
    section = gruvid__config_next_plugin(config, NULL);
    ck_assert_int_eq(gruvid__config_check_plugin(config, section, (void *)old,
                                                 NEEDED(reserved)),
                     0);
    free(old);
    ck_assert_int_eq(gruvid__section_integer(section, "a"), 5);
    ck_assert_str_eq(gruvid__section_string(section, "b"), "set");
}
END_TEST

START_TEST(test_misuse_of_the_second_step_is_refused)
{
    static const gruvid_option_t none[] = {GRUVID_OPTIONS_END};
    gruvid__section_t *section, *log;

    load("[plugin a]\n");
    section = gruvid__config_next_plugin(config, NULL);
    log = gruvid__config_section(config, "log");
    ck_assert_int_eq(
        gruvid__config_check_plugin(config, log, none, sizeof *none),
        UV_EINVAL);
    ck_assert_int_eq(gruvid__config_check_plugin(config, section, none, 8),
                     UV_EINVAL);
    ck_assert_int_eq(gruvid__config_check_plugin(config, section, NULL, 0), 0);
    ck_assert_int_eq(
        gruvid__config_check_plugin(config, section, none, sizeof *none),
        UV_EINVAL);
}
END_TEST

START_TEST(test_mistakes_are_sorted_whoever_finds_them)
{
    gruvid__section_t *section;

    load("[log]\nlevel = x\n[plugin a]\nmodule = b\n[plugin c]\nd = 1\n");
    section = gruvid__config_next_plugin(config, NULL);
    gruvid__config_error(config, path, 1, NULL, NULL, "first");
    gruvid__config_error(config, "-o", 1, NULL, NULL, "last");
    gruvid__config_error(config, NULL, 0, NULL, NULL, "nowhere");
    gruvid__section_error(section, "listen", "not set");
    gruvid__section_error(section, "module", "\x1b[%dm", 31);
    ck_assert_uint_eq(gruvid__config_mistakes(config), 6);
    ck_assert_str_eq(mistakes(),
                     "nowhere\n"
                     "gruvid.conf:1: first\n"
                     "gruvid.conf:2: log.level: \"x\" is not one of debug, "
                     "info, warning or error\n"
                     "gruvid.conf:3: plugin a.listen: not set\n"
                     "gruvid.conf:4: plugin a.module: \\x1b[31m\n"
                     "-o: last\n");
}
END_TEST

START_TEST(test_a_file_that_cannot_be_read_is_a_mistake)
{
    load_file(path);
    ck_assert_str_eq(mistakes(), "gruvid.conf: No such file or directory\n");
    gruvid__config_free(config);
    load_file("/");
    ck_assert_str_eq(mistakes(), "/: it is a directory\n");
    gruvid__config_free(config);
    load_file("/dev/zero");
    ck_assert_str_eq(mistakes(), "/dev/zero: the file is too large; 4 MiB "
                                 "are the most\n");
    if (geteuid() != 0) {
        gruvid__config_free(config);
        write_file(path, "", 0);
        ck_assert_int_eq(chmod(path, 0), 0);
        load_file(path);
        ck_assert_str_eq(mistakes(), "gruvid.conf: Permission denied\n");
    }
}
END_TEST

START_TEST(test_a_pipe_without_a_writer_is_not_waited_for)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    load_file(path);
    ck_assert_str_eq(mistakes(), "gruvid.conf: it is a FIFO, and no program "
                                 "writes to it\n");
}
END_TEST

START_TEST(test_a_pipe_is_read_to_its_end)
{
    static const char text[] = "[log]\nlevel = debug\n";
    char name[64];
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(write(fds[1], text, sizeof text - 1), sizeof text - 1);
    close(fds[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", fds[0]);
    load_file(name);
    close(fds[0]);
    ck_assert_str_eq(mistakes(), "");
    ck_assert_str_eq(
        gruvid__section_string(gruvid__config_section(config, "log"), "level"),
        "debug");
}
END_TEST

/* [plugin a] with "text = xxx", a line of so many bytes, and one more key. */
static void
load_long_line(size_t length)
{
    static const char before[] = "[plugin a]\ntext = ";
    static const char after[] = "\nlast = 1\n";
    const size_t size = sizeof before - 1 + length + sizeof after;
    char *text = malloc(size);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', size);
    memcpy(text, before, sizeof before - 1);
    memcpy(text + strlen("[plugin a]\n") + length, after, sizeof after);
    load(text);
    free(text);
}

static const gruvid_option_t long_options[] = {
    {.name = "text"},
    {.name = "last", .type = GRUVID_INTEGER},
    GRUVID_OPTIONS_END,
};

START_TEST(test_lines_of_every_length_arrive_whole)
{
    /* Around the sizes of inih's own buffer, 200 and its doubles. */
    for (size_t length = 190; length <= 51200; length *= 2) {
        for (size_t more = 0; more < 20; more++) {
            gruvid__section_t *section;

            load_long_line(length + more);
            section = plugin(long_options);
            ck_assert_str_eq(mistakes(), "");
            ck_assert_uint_eq(strlen(gruvid__section_string(section, "text")),
                              length + more - strlen("text = "));
            ck_assert_int_eq(gruvid__section_integer(section, "last"), 1);
            gruvid__config_free(config);
            config = NULL;
        }
    }
}
END_TEST

START_TEST(test_a_line_has_at_most_64_KiB)
{
    gruvid__section_t *section;

    load_long_line(65536);
    section = plugin(long_options);
    ck_assert_str_eq(mistakes(), "");
    ck_assert_uint_eq(strlen(gruvid__section_string(section, "text")),
                      65536 - strlen("text = "));
    gruvid__config_free(config);
    load_long_line(65537);
    section = plugin(long_options);
    ck_assert_str_eq(mistakes(), "gruvid.conf:2: plugin a: the line is longer "
                                 "than 65536 bytes\n");
    ck_assert_int_eq(gruvid__section_integer(section, "last"), 1);
}
END_TEST

START_TEST(test_many_sections_and_mistakes_take_no_time)
{
    enum { MANY = 100000 };
    char *text;
    size_t size, n = 0;
    FILE *out = open_memstream(&text, &size);

    for (int i = 0; i < MANY; i++)
        fprintf(out, "[plugin p%d]\nx = 1\n[s%d]\n", i, i);
    fclose(out);
    write_file(path, text, size);
    free(text);
    load_file(path);
    ck_assert_uint_eq(gruvid__config_mistakes(config), MANY);
    for (gruvid__section_t *s = NULL;
         (s = gruvid__config_next_plugin(config, s)) != NULL;)
        n++;
    ck_assert_uint_eq(n, MANY);
    out = fopen("/dev/null", "w");
    gruvid__config_print_mistakes(config, out);
    fclose(out);
}
END_TEST

START_TEST(test_inih_is_left_as_it_was)
{
    ini_max_line = 77;
    ini_use_stack = true;
    ini_allow_multiline = true;
    ini_allow_inline_comments = true;
    ini_allow_realloc = false;
    load("[log]\n  level = debug ; x\n");
    ck_assert_int_eq(ini_max_line, 77);
    ck_assert(ini_use_stack && ini_allow_multiline);
    ck_assert(ini_allow_inline_comments && !ini_allow_realloc);
    ck_assert_str_eq(mistakes(), "");
}
END_TEST

/* In front of libc's, which reads files for it. */
static int lookup_error;

int
getgrnam_r(const char *name, struct group *entry, char *room, size_t size,
           struct group **found)
{
    (void)name;
    (void)entry;
    (void)room;
    (void)size;
    *found = NULL;
    return lookup_error;
}

START_TEST(test_a_group_that_cannot_be_looked_up_is_not_called_missing)
{
    lookup_error = EMFILE;
    load("[gruvid]\ncontrol_group = somebody\n");
    ck_assert_msg(strstr(mistakes(), "group \"somebody\" cannot be looked up: "
                                     "Too many open files") != NULL,
                  "%s", mistakes());
    gruvid__config_free(config);
    lookup_error = 0;
    load("[gruvid]\ncontrol_group = somebody\n");
    ck_assert_msg(strstr(mistakes(), "there is no group \"somebody\"") != NULL,
                  "%s", mistakes());
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config");
    TCase *values = tcase_create("values");
    TCase *files = tcase_create("files");

    tcase_add_checked_fixture(values, open_folder, close_folder);
    tcase_add_test(values, test_without_a_file_all_is_default);
    tcase_add_test(values, test_values_say_where_they_are_from);
    tcase_add_test(values,
                   test_a_question_without_sense_is_answered_with_nothing);
    tcase_add_test(values, test_lists_end_with_null_and_know_their_length);
    tcase_add_test(values, test_the_module_is_the_name_unless_it_is_set);
    tcase_add_test(values, test_tables_of_an_older_abi_are_shorter);
    tcase_add_test(values, test_misuse_of_the_second_step_is_refused);
    tcase_add_test(values, test_mistakes_are_sorted_whoever_finds_them);
    tcase_add_test(values,
                   test_a_group_that_cannot_be_looked_up_is_not_called_missing);
    suite_add_tcase(suite, values);
    tcase_add_checked_fixture(files, open_folder, close_folder);
    tcase_set_timeout(files, 60);
    tcase_add_test(files, test_a_file_that_cannot_be_read_is_a_mistake);
    tcase_add_test(files, test_a_pipe_without_a_writer_is_not_waited_for);
    tcase_add_test(files, test_a_pipe_is_read_to_its_end);
    tcase_add_test(files, test_lines_of_every_length_arrive_whole);
    tcase_add_test(files, test_a_line_has_at_most_64_KiB);
    tcase_add_test(files, test_many_sections_and_mistakes_take_no_time);
    tcase_add_test(files, test_inih_is_left_as_it_was);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
