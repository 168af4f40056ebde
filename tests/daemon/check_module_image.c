/* SPDX-License-Identifier: MIT */
/* The headers of a plugin: a good one, and copies of it that were patched. */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "module/image.h"
#include "support/suite.h"

static char *plugin; /* a whole plugin, for a test to patch */
static size_t plugin_size;
static char why[400];

static void
load_plugin(void)
{
    const char *dir = getenv("top_builddir");
    char path[300];
    struct stat st;
    FILE *file;

    snprintf(path, sizeof path, "%s/tests/daemon/plugins/.libs/silent.so",
             dir != NULL ? dir : ".");
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &st), 0);
    plugin_size = (size_t)st.st_size;
    plugin = malloc(plugin_size);
    ck_assert_uint_eq(fread(plugin, 1, plugin_size, file), plugin_size);
    fclose(file);
}

static void
free_plugin(void)
{
    free(plugin);
}

static int
check(size_t size)
{
    int fd = memfd_create("plugin", MFD_CLOEXEC), err;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, plugin, size), (ssize_t)size);
    err = gruvid__image_check(fd, why, sizeof why);
    close(fd);
    return err;
}

static void
refused(const char *reason)
{
    ck_assert_int_eq(check(plugin_size), UV_EINVAL);
    ck_assert_msg(strstr(why, reason) != NULL, "%s", why);
}

/* Its first header of a type. */
static ElfW(Phdr) * header_of(unsigned type)
{
    const ElfW(Ehdr) *elf = (const void *)plugin;
    ElfW(Phdr) *headers = (void *)(plugin + elf->e_phoff);

    for (unsigned i = 0; i < elf->e_phnum; i++)
        if (headers[i].p_type == type)
            return &headers[i];
    ck_abort_msg("no header of type %u", type);
    return NULL;
}

START_TEST(test_a_plugin_is_sound)
{
    ck_assert_msg(check(plugin_size) == 0, "%s", why);
}
END_TEST

START_TEST(test_a_file_that_is_cut_anywhere_is_refused_or_sound)
{
    for (size_t size = 0; size < plugin_size; size += 97) {
        int err = check(size);

        ck_assert(err == 0 || err == UV_EINVAL);
    }
}
END_TEST

START_TEST(test_a_segment_that_cannot_be_loaded_is_refused)
{
    ElfW(Phdr) *load = header_of(PT_LOAD), good = *load;

    load->p_offset = plugin_size + 4096;
    refused("segment 0 cannot be loaded");
    *load = good;
    load->p_filesz = load->p_memsz + 1;
    refused("segment 0 cannot be loaded");
    *load = good;
    load->p_vaddr = UINT64_MAX - 4095;
    refused("segment 0 cannot be loaded");
    *load = good;
    load->p_memsz = UINT64_MAX;
    refused("segment 0 cannot be loaded");
    *load = good;
    load->p_align = 3;
    refused("segment 0 cannot be loaded");
    *load = good;
    load->p_vaddr++;
    refused("cannot be loaded");
}
END_TEST

START_TEST(test_a_dynamic_section_that_is_not_loaded_is_refused)
{
    ElfW(Phdr) *dynamic = header_of(PT_DYNAMIC), good = *dynamic;

    dynamic->p_vaddr += (uint64_t)1 << 32;
    refused("is not in what is loaded");
    *dynamic = good;
    dynamic->p_filesz = 0;
    refused("no dynamic section");
    *dynamic = good;
    dynamic->p_type = PT_NULL;
    refused("no dynamic section");
}
END_TEST

START_TEST(test_a_plugin_that_needs_an_executable_stack_is_refused)
{
    header_of(PT_GNU_STACK)->p_flags |= PF_X;
    refused("it needs an executable stack");
}
END_TEST

/* Put another name in the place of one that is as long or longer. */
static void
rename_symbol(const char *old, const char *name)
{
    char *at = memmem(plugin, plugin_size, old, strlen(old) + 1);

    ck_assert_ptr_nonnull(at);
    strcpy(at, name);
}

START_TEST(test_a_sanitizer_that_is_not_in_gruvid_is_named)
{
    if (dlsym(RTLD_DEFAULT, "__asan_init") != NULL) {
        printf("skipped: its runtime is here\n");
        return;
    }
    rename_symbol("__cxa_finalize", "__asan_init");
    refused("it was built with -fsanitize=address");
}
END_TEST

/* Every byte of the headers, one by one: an answer, whatever it is. */
START_TEST(test_headers_may_hold_anything)
{
    const ElfW(Ehdr) *elf = (const void *)plugin;
    size_t size = elf->e_phoff + elf->e_phnum * sizeof(ElfW(Phdr));

    for (size_t i = sizeof(ElfW(Ehdr)); i < size; i++) {
        char good = plugin[i];

        plugin[i] = (char)~good;
        check(plugin_size);
        plugin[i] = good;
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("module_image");
    TCase *tc = tcase_create("module_image");

    tcase_add_checked_fixture(tc, load_plugin, free_plugin);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_a_plugin_is_sound);
    tcase_add_test(tc, test_a_file_that_is_cut_anywhere_is_refused_or_sound);
    tcase_add_test(tc, test_a_segment_that_cannot_be_loaded_is_refused);
    tcase_add_test(tc, test_a_dynamic_section_that_is_not_loaded_is_refused);
    tcase_add_test(tc, test_a_plugin_that_needs_an_executable_stack_is_refused);
    tcase_add_test(tc, test_a_sanitizer_that_is_not_in_gruvid_is_named);
    tcase_add_test(tc, test_headers_may_hold_anything);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
