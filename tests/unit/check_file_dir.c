/* SPDX-License-Identifier: MIT */
/* Directories. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/net.h"

static const char *folder;

/* Valid until the next call. */
static const char *
in_folder(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

#define ENTRIES 300

static void
list_by(size_t n)
{
    gruvi_dirent_t entries[64];
    bool seen[ENTRIES] = {false};
    int got, total = 0, index;
    gruvi_file_t *dir;

    ck_assert_int_eq(gruvi_file_open(&dir, folder, O_RDONLY | O_DIRECTORY, 0),
                     0);
    while ((got = gruvi_file_readdir(dir, entries, n)) > 0) {
        ck_assert_int_le(got, (int)n);
        for (int k = 0; k < got; k++) {
            index = atoi(entries[k].name);
            ck_assert(index >= 0 && index < ENTRIES && !seen[index]);
            seen[index] = true;
            ck_assert_int_eq(entries[k].type,
                             index % 2 == 0 ? UV_DIRENT_DIR : UV_DIRENT_FILE);
        }
        total += got;
    }
    ck_assert_int_eq(got, 0);
    ck_assert_int_eq(total, ENTRIES);
    ck_assert_int_eq(gruvi_file_readdir(dir, entries, n), 0);
    ck_assert_int_eq(gruvi_file_close(dir), 0);
}

HUB_TEST(test_a_folder_is_listed_whatever_the_step)
{
    char name[16];

    folder = net_folder();
    for (int k = 0; k < ENTRIES; k++) {
        snprintf(name, sizeof name, "%d", k);
        if (k % 2 == 0)
            ck_assert_int_eq(mkdir(in_folder(name), 0700), 0);
        else
            close(open(in_folder(name), O_WRONLY | O_CREAT, 0600));
    }
    list_by(1);
    list_by(7);
    list_by(64);
    for (int k = 0; k < ENTRIES; k++) {
        snprintf(name, sizeof name, "%d", k);
        ck_assert_int_eq(
            k % 2 == 0 ? rmdir(in_folder(name)) : unlink(in_folder(name)), 0);
    }
    net_folder_end();
}

HUB_TEST(test_a_name_may_be_as_long_as_can_be)
{
    char name[256];
    gruvi_dirent_t entry;
    gruvi_file_t *dir, *file;

    folder = net_folder();
    memset(name, 'x', 255);
    name[255] = '\0';
    ck_assert_int_eq(gruvi_file_open(&file, in_folder(name),
                                     O_RDWR | O_CREAT | O_EXCL, 0600),
                     0);
    ck_assert_int_eq(gruvi_file_readdir(file, &entry, 1), UV_ENOTDIR);
    ck_assert_int_eq(gruvi_file_readdir(file, &entry, 0), UV_EINVAL);
    ck_assert_int_eq(gruvi_file_open(&dir, folder, O_RDONLY, 0), 0);
    ck_assert_int_eq(gruvi_file_readdir(dir, &entry, 1), 1);
    ck_assert_int_eq(gruvi_file_detach(dir), UV_EINVAL);
    ck_assert_str_eq(entry.name, name);
    ck_assert_int_eq(gruvi_file_close(dir), 0);
    ck_assert_int_eq(gruvi_file_close(file), 0);
    ck_assert_int_eq(gruvi_file_unlink(in_folder(name)), 0);
    net_folder_end();
}

int
main(void)
{
    Suite *suite = suite_create("file_dir");
    TCase *tc = tcase_create("directories");

    tcase_add_test(tc, test_a_folder_is_listed_whatever_the_step);
    tcase_add_test(tc, test_a_name_may_be_as_long_as_can_be);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
