/* SPDX-License-Identifier: MIT */
/*
 * The list of loaded objects, and names by it.  What dladdr() says is what is
 * expected.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/modules.h"
#include "base/walk.h"

#include "support/suite.h"

/* A library of the system that neither this program nor a sanitizer needs. */
#define LIBRARY  "libBrokenLocale.so.1"
#define FUNCTION "__ctype_get_mb_cur_max"

/* Of libc: it has no other name, and no sanitizer takes its place. */
#define PLAIN "gnu_get_libc_version"

static void
update(void)
{
    ck_assert_int_eq(gruvi__modules_update(), 0);
}

START_TEST(test_this_program_is_found_by_its_code)
{
    char path[4096], text[GRUVI__BUILD_ID_TEXT];
    const gruvi__module_t *module;
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    ck_assert_int_gt(n, 0);
    path[n] = '\0';
    update();
    module = gruvi__module_at((uintptr_t)update);
    ck_assert_ptr_nonnull(module);
    ck_assert_str_eq(module->path, path);
    ck_assert_str_eq(gruvi__module_name(module), strrchr(path, '/') + 1);
    gruvi__build_id_text(module, text);
    ck_assert_uint_eq(strlen(text), 2u * module->build_id_size);
    ck_assert_uint_gt(strlen(text), 0);
}
END_TEST

START_TEST(test_an_address_outside_of_code_is_in_no_object)
{
    int on_stack;

    update();
    ck_assert_ptr_null(gruvi__module_at((uintptr_t)&on_stack));
    ck_assert_ptr_null(gruvi__module_at(0));
    ck_assert_ptr_null(gruvi__module_at(UINTPTR_MAX));
}
END_TEST

START_TEST(test_a_function_has_the_name_that_dladdr_knows)
{
    uintptr_t at = (uintptr_t)dlsym(RTLD_DEFAULT, PLAIN);
    size_t offset;
    Dl_info info;

    update();
    ck_assert_int_ne(dladdr((void *)(at + 3), &info), 0);
    ck_assert_str_eq(gruvi__function_at(at + 3, &offset), PLAIN);
    ck_assert_str_eq(info.dli_sname, PLAIN);
    ck_assert_uint_eq(offset, 3);
}
END_TEST

START_TEST(test_a_static_function_has_no_name)
{
    size_t offset;

    update();
    ck_assert_ptr_null(gruvi__function_at((uintptr_t)update, &offset));
    ck_assert_uint_eq(offset, 0);
}
END_TEST

START_TEST(test_an_object_is_found_after_it_was_loaded)
{
    const gruvi__module_t *module;
    void *handle, *at;
    size_t offset;

    update();
    handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(handle);
    at = dlsym(handle, FUNCTION);
    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_null(gruvi__module_at((uintptr_t)at));
    update();
    module = gruvi__module_at((uintptr_t)at);
    ck_assert_ptr_nonnull(module);
    ck_assert_str_eq(gruvi__module_name(module), LIBRARY);
    ck_assert_str_eq(gruvi__function_at((uintptr_t)at, &offset), FUNCTION);
    dlclose(handle);
}
END_TEST

/* The path is that of the time when it was loaded. */
START_TEST(test_a_relative_path_is_made_absolute)
{
    char folder[4096], path[8192];
    const gruvi__module_t *module;
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *at;
    struct link_map *map;

    ck_assert_ptr_nonnull(handle);
    ck_assert_int_eq(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
    snprintf(folder, sizeof folder, "%s", map->l_name);
    *strrchr(folder, '/') = '\0';
    dlclose(handle);
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    handle = dlopen("./" LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ck_assert_ptr_nonnull(handle);
    at = dlsym(handle, FUNCTION);
    update();
    module = gruvi__module_at((uintptr_t)at);
    ck_assert_ptr_nonnull(module);
    snprintf(path, sizeof path, "%s/./%s", folder, LIBRARY);
    ck_assert_str_eq(module->path, path);
    dlclose(handle);
}
END_TEST

/* Between dlclose() and the update the table is looked for where nothing is. */
START_TEST(test_an_unloaded_object_has_no_names_and_stays_valid)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    uintptr_t at = (uintptr_t)dlsym(handle, FUNCTION);
    const gruvi__module_t *module;
    size_t offset;

    update();
    module = gruvi__module_at(at);
    ck_assert_ptr_nonnull(module);
    dlclose(handle);
    if (gruvi__is_readable(at)) /* a sanitizer keeps it */
        return;
    ck_assert_ptr_null(gruvi__function_at(at, &offset));
    for (unsigned i = 0; i < 64; i++) /* its code is not looked at */
        ck_assert(!gruvi__follows_call(at + i));
    update();
    ck_assert_ptr_null(gruvi__module_at(at));
    ck_assert_str_eq(gruvi__module_name(module), LIBRARY);
}
END_TEST

START_TEST(test_an_update_without_change_adds_nothing)
{
    const gruvi__module_t *module;

    update();
    module = gruvi__module_at((uintptr_t)update);
    update();
    ck_assert_ptr_eq(gruvi__module_at((uintptr_t)update), module);
}
END_TEST

START_TEST(test_an_address_in_words)
{
    uintptr_t at = (uintptr_t)dlsym(RTLD_DEFAULT, PLAIN) + 3;
    const gruvi__module_t *module;
    char text[200], expected[200];

    update();
    module = gruvi__module_at(at);
    snprintf(expected, sizeof expected, PLAIN "+0x3 (%s+0x%lx)",
             gruvi__module_name(module), (unsigned long)(at - module->bias));
    ck_assert_uint_eq(gruvi__address_text(at, text, sizeof text),
                      strlen(expected));
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(gruvi__address_text(at, text, 8), 7);
    ck_assert_str_eq(text, "gnu_get");
    ck_assert_uint_eq(gruvi__address_text(0x12ab, text, sizeof text), 6);
    ck_assert_str_eq(text, "0x12ab");
}
END_TEST

/* Notes as linkers write them: a property whose description is aligned to 8
 * comes first, in one segment with the build-id. */
START_TEST(test_a_build_id_is_found_in_notes_of_both_alignments)
{
    const uint32_t notes[][14] = {
        {4, 8, 5, 0x554e47, 1, 2, 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x04030201,
         0x08070605},
        {4, 4, 5, 0x554e47, 1, 0, 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x04030201,
         0x08070605},
        {8, 4, 5, 0x554e47, 0, 1, 4, 8, NT_GNU_BUILD_ID, 0x554e47, 0x04030201,
         0x08070605},
    };
    const size_t align[] = {8, 8, 4};

    for (int i = 0; i < 3; i++) {
        gruvi__module_t module = {.build_id_size = 0};
        char text[GRUVI__BUILD_ID_TEXT];

        gruvi__build_id_find(&module, (uintptr_t)notes[i], 48, align[i]);
        gruvi__build_id_text(&module, text);
        ck_assert_str_eq(text, "0102030405060708");
        module.build_id_size = 0;
        gruvi__build_id_find(&module, (uintptr_t)notes[i], 47, align[i]);
        ck_assert_uint_eq(module.build_id_size, 0);
    }
}
END_TEST

START_TEST(test_words_are_readable_where_they_are_mapped)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(page, MAP_FAILED);
    ck_assert(gruvi__is_readable((uintptr_t)page));
    ck_assert_int_eq(mprotect(page, size, PROT_NONE), 0);
    ck_assert(!gruvi__is_readable((uintptr_t)page));
    ck_assert_int_eq(munmap(page, size), 0);
    ck_assert(!gruvi__is_readable((uintptr_t)page));
    ck_assert(!gruvi__is_readable(0));
}
END_TEST

/* A hole in the middle, and a range that goes around. */
START_TEST(test_bytes_are_mapped_where_each_page_is)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert(gruvi__is_mapped((uintptr_t)pages + 1, 3 * size - 1));
    ck_assert_int_eq(mprotect(pages + size, size, PROT_NONE), 0);
    ck_assert(!gruvi__is_mapped((uintptr_t)pages, 3 * size));
    ck_assert(gruvi__is_mapped((uintptr_t)pages, size));
    ck_assert(!gruvi__is_mapped((uintptr_t)pages, UINTPTR_MAX));
    ck_assert_int_eq(munmap(pages, 3 * size), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("modules");
    TCase *tc = tcase_create("modules");

    tcase_add_test(tc, test_this_program_is_found_by_its_code);
    tcase_add_test(tc, test_an_address_outside_of_code_is_in_no_object);
    tcase_add_test(tc, test_a_function_has_the_name_that_dladdr_knows);
    tcase_add_test(tc, test_a_static_function_has_no_name);
    tcase_add_test(tc, test_an_object_is_found_after_it_was_loaded);
    tcase_add_test(tc, test_a_relative_path_is_made_absolute);
    tcase_add_test(tc, test_an_unloaded_object_has_no_names_and_stays_valid);
    tcase_add_test(tc, test_an_update_without_change_adds_nothing);
    tcase_add_test(tc, test_an_address_in_words);
    tcase_add_test(tc, test_a_build_id_is_found_in_notes_of_both_alignments);
    tcase_add_test(tc, test_words_are_readable_where_they_are_mapped);
    tcase_add_test(tc, test_bytes_are_mapped_where_each_page_is);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
