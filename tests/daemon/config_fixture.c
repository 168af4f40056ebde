/* SPDX-License-Identifier: MIT */
/* A folder of its own for each test, with a gruvid.conf in it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_fixture.h"

char folder[] = "/tmp/check_config.XXXXXX";
char path[64];
char other[64];
gruvid__config_t *config;

void
open_folder(void)
{
    strcpy(folder, "/tmp/check_config.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gruvid.conf", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    config = NULL;
}

void
close_folder(void)
{
    gruvid__config_free(config);
    unlink(path);
    unlink(other);
    ck_assert_int_eq(rmdir(folder), 0);
}

void
write_file(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(name, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

void
load_file(const char *name)
{
    ck_assert_int_eq(gruvid__config_load(&config, name, NULL, 0), 0);
}

void
load(const char *text)
{
    write_file(path, text, strlen(text));
    load_file(path);
}

const char *
mistakes(void)
{
    static char text[8192];
    FILE *out = fmemopen(text, sizeof text, "w");
    char *at;

    ck_assert_ptr_nonnull(out);
    gruvid__config_print_mistakes(config, out);
    fputc('\0', out);
    fclose(out);
    while ((at = strstr(text, folder)) != NULL)
        memmove(at, at + strlen(folder) + 1,
                strlen(at + strlen(folder) + 1) + 1);
    return text;
}

gruvid__section_t *
plugin(const gruvid_option_t *options)
{
    gruvid__section_t *section = gruvid__config_next_plugin(config, NULL);

    ck_assert_ptr_nonnull(section);
    ck_assert_int_eq(
        gruvid__config_check_plugin(config, section, options, sizeof *options),
        0);
    return section;
}
