/* SPDX-License-Identifier: MIT */
/* Libraries that a new build needs, and that are in memory in another build. */
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/module_fixture.h"

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

int
main(void)
{
    Suite *suite = suite_create("module_needed");
    TCase *tc = module_case(suite, "module_needed");

    tcase_add_test(tc, test_a_library_that_was_replaced_is_refused);
    tcase_add_test(tc, test_a_library_in_another_folder_is_refused);
    return run_suite(suite);
}
