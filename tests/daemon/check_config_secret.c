/* SPDX-License-Identifier: MIT */
/* Secrets, which are read and never printed, and what --describe prints. */
#include <stdlib.h>
#include <string.h>

#include "daemon/config_fixture.h"
#include "support/suite.h"

static const gruvid_option_t secret_options[] = {
    {.name = "password", .type = GRUVID_SECRET, .default_value = "hunter0"},
    GRUVID_OPTIONS_END,
};

/* The secret that a file of such content holds; NULL: a mistake. */
static const char *
secret_of(const char *content, size_t length)
{
    char text[128];

    gruvid__config_free(config);
    write_file(other, content, length);
    snprintf(text, sizeof text, "[plugin a]\npassword = file:%s\n", other);
    load(text);
    return gruvid__config_mistakes(config) == 0
               ? gruvid__section_string(plugin(secret_options), "password")
               : NULL;
}

START_TEST(test_a_secret_is_what_its_file_holds)
{
    char *large = calloc(1, 70000);

    memset(large, 'x', 70000);
    ck_assert_str_eq(secret_of("hunter2", 7), "hunter2");
    ck_assert_str_eq(secret_of("hunter2\n", 8), "hunter2");
    ck_assert_str_eq(secret_of("hunter2\r\n", 9), "hunter2");
    ck_assert_str_eq(secret_of(" a ; b\n\n", 8), " a ; b\n");
    ck_assert_uint_eq(strlen(secret_of(large, 65536)), 65536);
    secret_of(large, 65537);
    ck_assert_str_eq(mistakes(),
                     "gruvid.conf:2: plugin a.password: the file of the secret "
                     "cannot be read: it is too large; 64 KiB are the most\n");
    secret_of("\n", 1);
    ck_assert_str_eq(mistakes(), "gruvid.conf:2: plugin a.password: the file "
                                 "of the secret is empty\n");
    secret_of("a\0b", 3);
    ck_assert_str_eq(mistakes(), "gruvid.conf:2: plugin a.password: there is a "
                                 "NUL byte in the file of the secret\n");
    free(large);
}
END_TEST

START_TEST(test_a_credential_is_in_the_folder_of_credentials)
{
    write_file(other, "hunter3\n", 8);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    load("[plugin a]\npassword = credential:other\n");
    ck_assert_str_eq(gruvid__section_string(plugin(secret_options), "password"),
                     "hunter3");
    gruvid__config_free(config);
    load("[plugin a]\npassword = credential:missing\n");
    plugin(secret_options);
    ck_assert_str_eq(mistakes(),
                     "gruvid.conf:2: plugin a.password: the file of the secret "
                     "cannot be read: No such file or directory\n");
    unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

START_TEST(test_secrets_are_never_printed)
{
    static const char *const lines[] = {
        "password = hunter2 \"\n",
        "password = file:hunter2\n",
        "password = file:/hunter2\n",
        "password = \"hunter2\n",
        "password = credential:hunter2/x\n",
        "password hunter2\n",
        "pasword = hunter2\n",
        "password: hunter2\n",
        "password = x\npassword = hunter2\n",
        "password = x\n[log\nhunter2\n",
        "hunter2 hunter2 = x\n",
    };
    char text[128], described[1024];
    FILE *out = fmemopen(described, sizeof described, "w");

    for (size_t i = 0; i < N(lines); i++) {
        snprintf(text, sizeof text, "[plugin a]\n%s", lines[i]);
        load(text);
        plugin(secret_options);
        ck_assert_uint_gt(gruvid__config_mistakes(config), 0);
        ck_assert_msg(strstr(mistakes(), "hunter") == NULL, "%s", mistakes());
        gruvid__config_free(config);
        config = NULL;
    }
    gruvid__describe_plugin(out, "a", "1.0", "keeps one", secret_options,
                            sizeof *secret_options);
    fclose(out);
    ck_assert_str_eq(described, "[plugin a] version 1.0: keeps one\n"
                                "\n"
                                "  password =\n"
                                "      secret\n");
}
END_TEST

START_TEST(test_options_describe_themselves)
{
    static const char *const words[] = {"auto", "never", NULL};
    static const gruvid_option_t options[] = {
        {.name = "wait",
         .type = GRUVID_DURATION,
         .default_value = "auto",
         .min = "1s",
         .max = "1h",
         .choices = words,
         .help = "words, so many that they do not fit into one line of the "
                 "terminal, and go on in a second"},
        {.name = "names", .type = GRUVID_LIST, .default_value = "a\nb"},
        {.name = "color", .required = true, .choices = words},
        GRUVID_OPTIONS_END};
    char text[1024];
    FILE *out = fmemopen(text, sizeof text, "w");

    gruvid__describe_plugin(out, "a", NULL, NULL, options, sizeof *options);
    gruvid__describe_plugin(out, "b", NULL, NULL, NULL, sizeof *options);
    fclose(out);
    ck_assert_str_eq(
        text, "[plugin a]\n"
              "\n"
              "  wait = auto\n"
              "      duration or auto or never, at least 1s, at most 1h\n"
              "      words, so many that they do not fit into one line of the "
              "terminal, and\n"
              "      go on in a second\n"
              "\n"
              "  names = a\n"
              "  names = b\n"
              "      list, may repeat\n"
              "\n"
              "  color =\n"
              "      string: auto, never, required\n"
              "[plugin b]\n"
              "\n"
              "  no options of its own\n");
}
END_TEST

START_TEST(test_every_option_of_gruvid_is_described)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    gruvid__describe_builtin(out);
    fclose(out);
    for (const gruvid__builtin_t *b = gruvid__builtins; b->name != NULL; b++) {
        for (size_t i = 0; i < b->table.length; i++) {
            const gruvid_option_t *option = &b->table.keys[i].option;
            char line[64];

            snprintf(line, sizeof line, "\n  %s =", option->name);
            ck_assert_msg(strstr(text, line) != NULL, "%s", option->name);
            ck_assert_msg(option->help != NULL, "%s", option->name);
        }
    }
    ck_assert_ptr_nonnull(strstr(text, "\n[plugin NAME]"));
    ck_assert_ptr_nonnull(strstr(text, "\n  listen =\n"));
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config secrets");
    TCase *secrets = tcase_create("secrets");
    TCase *descriptions = tcase_create("descriptions");

    tcase_add_checked_fixture(secrets, open_folder, close_folder);
    tcase_add_test(secrets, test_a_secret_is_what_its_file_holds);
    tcase_add_test(secrets, test_a_credential_is_in_the_folder_of_credentials);
    tcase_add_test(secrets, test_secrets_are_never_printed);
    suite_add_tcase(suite, secrets);
    tcase_add_test(descriptions, test_options_describe_themselves);
    tcase_add_test(descriptions, test_every_option_of_gruvid_is_described);
    suite_add_tcase(suite, descriptions);
    return run_suite(suite);
}
