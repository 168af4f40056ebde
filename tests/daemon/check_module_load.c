/* SPDX-License-Identifier: MIT */
/* Builds of a module: which are found again, which are opened beside the ones
 * that are there, and which are refused. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/make_plugin.h"
#include "module/load.h"
#include "support/folder.h"
#include "support/suite.h"

static struct gruvid__modules modules;
static char dir[64], why[1000];

static void
set_up(void)
{
    strcpy(dir, "/tmp/gruvid-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
tear_down(void)
{
    gruvid__modules_free(&modules);
    remove_folder(dir);
}

/* A path in the folder; of the last four calls it stays valid. */
static const char *
in_dir(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

/* A plugin whose summary tells its builds apart. */
static void
make_build(const char *name, const char *summary, const char *flags)
{
    char source[300], file[100];

    snprintf(source, sizeof source,
             "#include <gruvid/plugin.h>\n"
             "GRUVID_PLUGIN(%s, .summary = \"%s\");\n",
             name, summary);
    snprintf(file, sizeof file, "%s.so", name);
    make_plugin(in_dir(file), source, flags);
}

static const struct gruvid__module *
opened(const char *name)
{
    const struct gruvid__module *module;

    why[0] = '\0';
    module = gruvid__module_open(&modules, dir, name, why, sizeof why);
    ck_assert_msg(module != NULL, "%s", why);
    ck_assert_ptr_eq(gruvid__module_current(&modules, dir, name), module);
    return module;
}

static void
refused(const char *name, const char *reason)
{
    const struct gruvid__module *module =
        gruvid__module_open(&modules, dir, name, why, sizeof why);

    ck_assert_msg(module == NULL && strstr(why, reason) != NULL, "%s", why);
}

static void
expect_summary(const struct gruvid__module *module, const char *summary)
{
    ck_assert_str_eq(module->descriptor.summary, summary);
}

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

/* A plugin whose constructor runs this, with path for the plugin's own file. */
static void
make_constructor(const char *code)
{
    char source[1000];

    snprintf(source, sizeof source,
             "#include <gruvid/plugin.h>\n"
             "#include <fcntl.h>\n"
             "#include <stdio.h>\n"
             "#include <unistd.h>\n"
             "static const char path[] = \"%s/swap.so\";\n"
             "static const char next[] = \"%s/next.so\";\n"
             "static void __attribute__((constructor)) begin(void)\n"
             "{ (void)path; (void)next; %s }\n"
             "GRUVID_PLUGIN(swap);\n",
             dir, dir, code);
    make_plugin(in_dir("swap.so"), source, "-Wl,--build-id");
}

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

static char logged[1000];

static void
keep_log(const gruvi_log_record_t *record)
{
    snprintf(logged, sizeof logged, "%s", record->message);
}

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

/* --- what a new build cannot replace -------------------------------------- */

/* A plugin in C++ with a static variable of an inline function, of n ints. */
static void
make_unique(const char *name, unsigned n, unsigned value, const char *flags)
{
    char source[600], file[100];

    snprintf(source, sizeof source,
             "// C++\n"
             "#include <gruvid/plugin.h>\n"
             "inline int *counters() { static int of[%u] = {%u}; return of; }\n"
             "extern \"C\" int *get() { return counters(); }\n"
             "GRUVID_PLUGIN(%s);\n",
             n, value, name);
    snprintf(file, sizeof file, "%s.so", name);
    make_plugin(in_dir(file), source, flags);
}

/* clang makes no unique objects. */
static bool
makes_unique(void)
{
    if (system("${CXX:-c++} -fno-gnu-unique -x c++ -fsyntax-only /dev/null "
               "2> /dev/null") == 0)
        return true;
    printf("skipped: this compiler makes no unique objects\n");
    return false;
}

static int
first_counter(const struct gruvid__module *module)
{
    void *handle = dlopen(module->path, RTLD_NOW | RTLD_NOLOAD);
    int *(*get)(void);

    ck_assert_ptr_nonnull(handle);
    *(void **)&get = dlsym(handle, "get");
    ck_assert_ptr_nonnull((void *)get);
    return *get();
}

START_TEST(test_a_unique_object_of_another_size_is_refused)
{
    if (!makes_unique())
        return;
    make_unique("swap", 2, 1, "");
    opened("swap");
    make_unique("swap", 8, 2, "");
    refused("swap", "it has an object _ZZ8countersvE2of of 32 bytes");
    refused("swap", "it has 8 bytes: compile with -fno-gnu-unique");
    make_unique("other", 8, 2, "");
    refused("other", "compile with -fno-gnu-unique");
    make_unique("swap", 8, 2, "-fno-gnu-unique");
    ck_assert_int_eq(first_counter(opened("swap")), 2);
}
END_TEST

START_TEST(test_unique_objects_of_the_same_size_are_named)
{
    if (!makes_unique())
        return;
    gruvi_set_log_sink(keep_log);
    make_unique("swap", 2, 1, "");
    ck_assert_int_eq(first_counter(opened("swap")), 1);
    ck_assert_str_eq(logged, "");
    make_unique("swap", 2, 2, "");
    ck_assert_int_eq(first_counter(opened("swap")), 1);
    ck_assert_msg(strstr(logged, "_ZZ8countersvE2of") != NULL, "%s", logged);
    logged[0] = '\0';
    make_unique("swap", 2, 3, "-fno-gnu-unique");
    ck_assert_int_eq(first_counter(opened("swap")), 3);
    ck_assert_str_eq(logged, "");
}
END_TEST

/* A plugin that links with a library libhelp.so.1 of the test's own. */
static void
make_needing(const char *summary, const char *folder)
{
    char flags[600];

    snprintf(flags, sizeof flags,
             "-Wl,--no-as-needed -L%s/%s -l:libhelp.so.1 "
             "-Wl,-rpath,'$ORIGIN/%s'",
             dir, folder, folder);
    make_build("swap", summary, flags);
}

static void
make_help(const char *folder, int value)
{
    char path[100], source[100];

    mkdir(in_dir(folder), 0755);
    snprintf(path, sizeof path, "%s/libhelp.so.1", folder);
    snprintf(source, sizeof source, "int help(void) { return %d; }\n", value);
    make_plugin(in_dir(path), source,
                "-Wl,-soname,libhelp.so.1 -Wl,--build-id");
}

START_TEST(test_a_library_that_was_replaced_is_refused)
{
    make_help("lib", 1);
    make_needing("one", "lib");
    opened("swap");
    make_needing("two", "lib");
    opened("swap");
    make_help("lib", 2);
    make_needing("three", "lib");
    refused("swap",
            "it needs libhelp.so.1, and gruvid runs with another build");
    refused("swap", "restart gruvid, or give the new library another SONAME");
}
END_TEST

START_TEST(test_a_library_in_another_folder_is_refused)
{
    make_help("lib1", 1);
    make_help("lib2", 2);
    make_needing("one", "lib1");
    opened("swap");
    make_needing("two", "lib2");
    refused("swap", "lib2/libhelp.so.1 is now");
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
    TCase *tc = tcase_create("module_load");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 300);
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
                   test_another_file_with_the_same_build_id_is_the_same_build);
    tcase_add_test(tc, test_what_is_refused_once_open_is_refused_again);
    tcase_add_test(tc, test_what_glibc_refuses_is_named_by_its_file);
    tcase_add_test(tc, test_mapped_bytes_and_tls_are_known);
    tcase_add_test(tc, test_a_unique_object_of_another_size_is_refused);
    tcase_add_test(tc, test_unique_objects_of_the_same_size_are_named);
    tcase_add_test(tc, test_a_library_that_was_replaced_is_refused);
    tcase_add_test(tc, test_a_library_in_another_folder_is_refused);
    tcase_add_test(tc, test_static_tls_that_is_used_up_says_what_to_do);
    tcase_add_test(tc, test_threads_that_find_a_new_build_open_it_once);
    tcase_add_test(tc, test_many_builds_are_all_open);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
