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

/* What the kernel says of each name. */
HUB_TEST(test_an_entry_has_its_type)
{
    static const struct {
        const char *name;
        uv_dirent_type_t type;
    } rows[] = {{"fifo", UV_DIRENT_FIFO},
                {"link", UV_DIRENT_LINK},
                {"socket", UV_DIRENT_SOCKET}};
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_dirent_t entries[8];
    gruvi_file_t *dir;
    int got;

    folder = net_folder();
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    ck_assert_int_eq(symlink("nowhere", in_folder("link")), 0);
    snprintf(address, sizeof address, "unix:%s", in_folder("socket"));
    ck_assert_int_eq(gruvi_listen(&listener, address, NULL), 0);
    ck_assert_int_eq(gruvi_file_open(&dir, folder, O_RDONLY | O_DIRECTORY, 0),
                     0);
    got = gruvi_file_readdir(dir, entries, 8);
    ck_assert_int_eq(got, 3);
    for (size_t k = 0; k < 3; k++) {
        int at = 0;

        while (at < got && strcmp(entries[at].name, rows[k].name) != 0)
            at++;
        ck_assert_msg(at < got, "%s is not listed", rows[k].name);
        ck_assert_int_eq(entries[at].type, rows[k].type);
    }
    ck_assert_int_eq(gruvi_file_close(dir), 0);
    gruvi_listener_close(listener);
    unlink(in_folder("fifo"));
    unlink(in_folder("link"));
    net_folder_end();

    /* Devices cannot be made everywhere. */
    ck_assert_int_eq(gruvi_file_open(&dir, "/dev", O_RDONLY | O_DIRECTORY, 0),
                     0);
    while ((got = gruvi_file_readdir(dir, entries, 8)) > 0)
        for (int at = 0; at < got; at++)
            if (strcmp(entries[at].name, "null") == 0)
                ck_assert_int_eq(entries[at].type, UV_DIRENT_CHAR);
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

    tcase_add_test(tc, test_an_entry_has_its_type);
    tcase_add_test(tc, test_a_folder_is_listed_whatever_the_step);
    tcase_add_test(tc, test_a_name_may_be_as_long_as_can_be);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
