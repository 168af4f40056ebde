/* SPDX-License-Identifier: MIT */
/* Objects that all builds of a plugin share: of another size, and of the same.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/module_fixture.h"

/* A plugin in C++ with a static variable of an inline function, of n ints. */
static void
make_unique(const char *name, const char *function, unsigned n, unsigned value,
            const char *flags)
{
    char source[600], file[100];

    snprintf(source, sizeof source,
             "// C++\n"
             "#include <gruvid/plugin.h>\n"
             "inline int *%s() { static int of[%u] = {%u}; return of; }\n"
             "extern \"C\" int *get() { return %s(); }\n"
             "GRUVID_PLUGIN(%s);\n",
             function, n, value, function, name);
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
    make_unique("swap", "counters", 2, 1, "");
    opened("swap");
    make_unique("swap", "counters", 8, 2, "");
    refused("swap", "it has an object _ZZ8countersvE2of of 32 bytes");
    refused("swap", "it has 8 bytes: compile with -fno-gnu-unique");
    make_unique("other", "counters", 8, 2, "");
    refused("other", "compile with -fno-gnu-unique");
    make_unique("swap", "counters", 8, 2, "-fno-gnu-unique");
    ck_assert_int_eq(first_counter(opened("swap")), 2);
}
END_TEST

START_TEST(test_unique_objects_of_the_same_size_are_named)
{
    if (!makes_unique())
        return;
    gruvi_set_log_sink(keep_log);
    make_unique("swap", "numbers", 2, 1, "");
    ck_assert_int_eq(first_counter(opened("swap")), 1);
    ck_assert_str_eq(logged, "");
    ck_assert_str_eq(opened("swap")->unique, "_ZZ7numbersvE2of");
    make_unique("swap", "numbers", 2, 2, "");
    ck_assert_int_eq(first_counter(opened("swap")), 1);
    ck_assert_msg(strstr(logged, "_ZZ7numbersvE2of") != NULL, "%s", logged);
    logged[0] = '\0';
    make_unique("swap", "numbers", 2, 3, "-fno-gnu-unique");
    ck_assert_int_eq(first_counter(opened("swap")), 3);
    ck_assert_str_eq(opened("swap")->unique, "");
    ck_assert_str_eq(logged, "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("module_unique");
    TCase *tc = module_case(suite, "module_unique");

    tcase_add_test(tc, test_a_unique_object_of_another_size_is_refused);
    tcase_add_test(tc, test_unique_objects_of_the_same_size_are_named);
    return run_suite(suite);
}
