/* SPDX-License-Identifier: MIT */
/* Builds of a module: which are found again, which are opened beside the ones
 * that are there, and which are refused. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/module_fixture.h"

START_TEST(test_an_unchanged_file_is_the_same_module)
{
    const struct gruvid__module *module;

    make_build("swap", "one", "-Wl,--build-id");
    module = opened("swap");
    ck_assert_uint_eq(module->build, 1);
    ck_assert_ptr_eq(opened("swap"), module);
    install_file(in_dir("swap.so"), in_dir("swap.so"));
    ck_assert_ptr_eq(opened("swap"), module);
}
END_TEST

START_TEST(test_a_new_build_is_opened_beside_the_old_one)
{
    const struct gruvid__module *one, *two;

    make_build("swap", "one", "-Wl,--build-id");
    one = opened("swap");
    make_build("swap", "two", "-Wl,--build-id");
    two = opened("swap");
    ck_assert_ptr_ne(one, two);
    ck_assert_str_ne(one->build_id, two->build_id);
    ck_assert_str_eq(one->file, two->file);
    ck_assert_str_ne(one->path, two->path);
    ck_assert_uint_eq(two->build, 2);
    expect_summary(one, "one");
    expect_summary(two, "two");
    ck_assert_ptr_eq(gruvid__modules_first(&modules), two);
    ck_assert_ptr_eq(two->next, one);
}
END_TEST

START_TEST(test_a_build_that_comes_back_is_found)
{
    const struct gruvid__module *one;

    make_build("swap", "one", "-Wl,--build-id");
    install_file(in_dir("swap.so"), in_dir("kept"));
    one = opened("swap");
    make_build("swap", "two", "-Wl,--build-id");
    ck_assert_ptr_ne(opened("swap"), one);
    install_file(in_dir("kept"), in_dir("swap.so"));
    ck_assert_ptr_eq(opened("swap"), one);
}
END_TEST

START_TEST(test_a_file_without_a_build_id_is_known_by_its_content)
{
    const struct gruvid__module *one, *two;

    make_build("swap", "one", "-Wl,--build-id=none");
    one = opened("swap");
    ck_assert_msg(strncmp(one->build_id, "file-", 5) == 0, "%s", one->build_id);
    install_file(in_dir("swap.so"), in_dir("swap.so"));
    ck_assert_ptr_eq(opened("swap"), one);
    make_build("swap", "two", "-Wl,--build-id=none");
    two = opened("swap");
    ck_assert_ptr_ne(one, two);
    expect_summary(two, "two");
}
END_TEST

START_TEST(test_the_build_id_is_the_linkers)
{
    make_build("swap", "one", "-Wl,--build-id=0x0123456789abcdef");
    ck_assert_str_eq(opened("swap")->build_id, "0123456789abcdef");
}
END_TEST

START_TEST(test_a_file_that_is_overwritten_in_place_is_refused)
{
    make_build("swap", "summary one", "-Wl,--build-id");
    opened("swap");
    install_file(in_dir("swap.so"), in_dir("other"));
    patch_file(in_dir("other"), "summary one", "summary two");
    overwrite_file(in_dir("other"), in_dir("swap.so"));
    refused("swap", "overwritten while gruvid runs it");
    refused("swap", "install by rename");
}
END_TEST

START_TEST(test_a_file_that_is_written_to_while_it_is_opened_is_refused)
{
    make_constructor("int fd = open(path, O_WRONLY | O_APPEND);"
                     "if (write(fd, \"more\", 4) == 4) close(fd);");
    refused("swap", "was written to while it was being opened");
    refused("swap", "was overwritten while gruvid runs it");
    make_build("swap", "one", "-Wl,--build-id");
    opened("swap");
}
END_TEST

START_TEST(test_a_file_that_its_user_may_not_read_any_more_is_what_it_was)
{
    const struct gruvid__module *one;

    if (geteuid() != 0)
        return;
    make_build("swap", "one", "-Wl,--build-id");
    ck_assert_int_eq(chmod(dir, 0755), 0);
    ck_assert_int_eq(chmod(in_dir("swap.so"), 0600), 0);
    one = opened("swap");
    ck_assert_int_eq(seteuid(4711), 0);
    ck_assert_ptr_eq(opened("swap"), one);
    ck_assert_int_eq(seteuid(0), 0);
    make_build("swap", "two", "-Wl,--build-id");
    ck_assert_int_eq(chmod(in_dir("swap.so"), 0600), 0);
    ck_assert_int_eq(seteuid(4711), 0);
    refused("swap", "ermission denied");
    ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* Where its stat shows that it has not changed, it is not even read. */
START_TEST(test_a_file_that_was_there_for_a_while_is_known_by_its_stat)
{
    const struct gruvid__module *one;
    struct timespec while_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    make_build("swap", "summary one", "-Wl,--build-id");
    one = opened("swap");
    ck_assert(!one->settled);
    /* As if it had been opened later than it was made. */
    ((struct gruvid__module *)one)->settled = true;
    ck_assert_ptr_eq(opened("swap"), one);
    ck_assert_int_eq(utimensat(AT_FDCWD, in_dir("swap.so"), while_ago, 0), 0);
    ck_assert_ptr_eq(opened("swap"), one);
    install_file(in_dir("swap.so"), in_dir("other"));
    patch_file(in_dir("other"), "summary one", "summary two");
    overwrite_file(in_dir("other"), in_dir("swap.so"));
    refused("swap", "overwritten while gruvid runs it");
}
END_TEST

START_TEST(test_what_is_refused_once_open_is_refused_again)
{
    make_build("other", "one", "-Wl,--build-id");
    install_file(in_dir("other.so"), in_dir("swap.so"));
    refused("swap", "it calls itself \"other\"");
    refused("swap", "it calls itself \"other\"");
    ck_assert_ptr_nonnull(modules.first);
    ck_assert_ptr_null(modules.first->next);
    ck_assert_ptr_nonnull(modules.first->refused);
    make_build("swap", "one", "-Wl,--build-id");
    opened("swap");
}
END_TEST

START_TEST(test_what_glibc_refuses_is_named_by_its_file)
{
    make_plugin(in_dir("swap.so"),
                "#include <gruvid/plugin.h>\n"
                "extern int nowhere(void);\n"
                "int call(void) { return nowhere(); }\n"
                "GRUVID_PLUGIN(swap);\n",
                "-Wl,--build-id -Wl,-z,undefs");
    refused("swap", "undefined symbol: nowhere");
    ck_assert_ptr_null(strstr(why, "./"));
    refused("swap", "undefined symbol: nowhere");
    make_build("swap", "one", "-Wl,--build-id");
    opened("swap");
}
END_TEST

START_TEST(test_mapped_bytes_and_tls_are_known)
{
    const struct gruvid__module *module;

    make_plugin(in_dir("swap.so"),
                "#include <gruvid/plugin.h>\n"
                "static char room[100000];\n"
                "static __thread char own[100] = {1};\n"
                "char *use(int i) { return i ? room : own; }\n"
                "GRUVID_PLUGIN(swap);\n",
                "-ftls-model=initial-exec");
    module = opened("swap");
    ck_assert_uint_ge(module->mapped, 100000);
    ck_assert_uint_le(module->mapped, 300000);
    ck_assert_uint_eq(module->mapped % 4096, 0);
    ck_assert_uint_eq(module->tls, 100);
    ck_assert(module->static_tls);
    make_plugin(in_dir("swap.so"),
                "#include <gruvid/plugin.h>\n"
                "static __thread char own[10] = {1};\n"
                "char *use(void) { return own; }\n"
                "GRUVID_PLUGIN(swap);\n",
                "-ftls-model=global-dynamic");
    module = opened("swap");
    ck_assert_uint_eq(module->tls, 10);
    ck_assert(!module->static_tls);
}
END_TEST

START_TEST(test_another_file_with_the_same_build_id_is_the_same_build)
{
    const struct gruvid__module *one;

    gruvi_set_log_sink(keep_log);
    make_build("swap", "summary one", "-Wl,--build-id=0x1234");
    one = opened("swap");
    ck_assert_str_eq(logged, "");
    patch_file(in_dir("swap.so"), "summary one", "summary two");
    ck_assert_ptr_eq(opened("swap"), one);
    ck_assert_msg(strstr(logged, "build-id 1234") != NULL, "%s", logged);
    logged[0] = '\0';
    ck_assert_ptr_eq(opened("swap"), one);
    ck_assert_str_eq(logged, "");
}
END_TEST

START_TEST(test_static_tls_that_is_used_up_says_what_to_do)
{
    bool full = false;

    for (unsigned i = 0; i < 100 && !full; i++) {
        char source[300];

        snprintf(source, sizeof source,
                 "#include <gruvid/plugin.h>\n"
                 "static __thread char own[256] = {%u};\n"
                 "char *use(void) { return own; }\n"
                 "GRUVID_PLUGIN(swap);\n",
                 i);
        make_plugin(in_dir("swap.so"), source, "-ftls-model=initial-exec");
        full =
            gruvid__module_open(&modules, dir, "swap", why, sizeof why) == NULL;
    }
    ck_assert(full);
    ck_assert_msg(strstr(why, "static TLS") != NULL &&
                      strstr(why, "restart gruvid") != NULL,
                  "%s", why);
}
END_TEST

/* --- threads -------------------------------------------------------------- */

static void *
open_in_thread(void *arg)
{
    char reason[1000];

    (void)arg;
    return (void *)gruvid__module_open(&modules, dir, "swap", reason,
                                       sizeof reason);
}

START_TEST(test_threads_that_find_a_new_build_open_it_once)
{
    pthread_t threads[8];
    void *results[8];

    make_build("swap", "one", "");
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, open_in_thread, NULL), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], &results[i]);
        ck_assert_ptr_nonnull(results[i]);
        ck_assert_ptr_eq(results[i], results[0]);
    }
    ck_assert_ptr_null(modules.first->next);
}
END_TEST

/* --- many ----------------------------------------------------------------- */

static unsigned
count_descriptors(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 200; fd++)
        n += dup2(fd, fd) == fd;
    return n;
}

/* More than there are dots in a path; CHECK_BUILDS of them by hand. */
static unsigned
many(void)
{
    const char *text = getenv("CHECK_BUILDS");

    return text != NULL ? (unsigned)atoi(text) : 150;
}

/* Have a file system of our own at the folder; false: that is not permitted. */
static bool
mount_over_dir(void)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, NULL) == 0;
}

START_TEST(test_a_file_system_without_programs_is_named)
{
    if (!mount_over_dir()) {
        puts("skipped: no file system can be mounted");
        return;
    }
    make_build("swap", "one", "-Wl,--build-id");
    ck_assert_int_eq(mount(NULL, dir, NULL, MS_REMOUNT | MS_NOEXEC, NULL), 0);
    refused("swap", "its file system is mounted noexec");
    ck_assert_int_eq(mount(NULL, dir, NULL, MS_REMOUNT, NULL), 0);
    opened("swap");
    ck_assert_int_eq(umount2(dir, MNT_DETACH), 0);
}
END_TEST

START_TEST(test_many_builds_are_all_open)
{
    char old[40] = "build 00000000", new[40];
    unsigned descriptors;

    make_build("swap", old, "-Wl,--build-id=none");
    opened("swap");
    descriptors = count_descriptors();
    for (unsigned i = 1; i < many(); i++) {
        const struct gruvid__module *module;

        snprintf(new, sizeof new, "build %08u", i);
        patch_file(in_dir("swap.so"), old, new);
        module = opened("swap");
        expect_summary(module, new);
        ck_assert_uint_eq(module->build, i + 1);
        strcpy(old, new);
    }
    ck_assert_uint_eq(count_descriptors(), descriptors);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("module_load");
    TCase *tc = module_case(suite, "module_load");

    tcase_add_test(tc, test_an_unchanged_file_is_the_same_module);
    tcase_add_test(tc, test_a_new_build_is_opened_beside_the_old_one);
    tcase_add_test(tc, test_a_build_that_comes_back_is_found);
    tcase_add_test(tc, test_a_file_without_a_build_id_is_known_by_its_content);
    tcase_add_test(tc, test_the_build_id_is_the_linkers);
    tcase_add_test(tc, test_a_file_that_is_overwritten_in_place_is_refused);
    tcase_add_test(
        tc, test_a_file_that_is_written_to_while_it_is_opened_is_refused);
    tcase_add_test(
        tc, test_a_file_that_its_user_may_not_read_any_more_is_what_it_was);
    tcase_add_test(tc,
                   test_a_file_that_was_there_for_a_while_is_known_by_its_stat);
    tcase_add_test(tc, test_what_is_refused_once_open_is_refused_again);
    tcase_add_test(tc, test_what_glibc_refuses_is_named_by_its_file);
    tcase_add_test(tc, test_mapped_bytes_and_tls_are_known);
    tcase_add_test(tc,
                   test_another_file_with_the_same_build_id_is_the_same_build);
    tcase_add_test(tc, test_static_tls_that_is_used_up_says_what_to_do);
    tcase_add_test(tc, test_threads_that_find_a_new_build_open_it_once);
    tcase_add_test(tc, test_a_file_system_without_programs_is_named);
    tcase_add_test(tc, test_many_builds_are_all_open);
    return run_suite(suite);
}
