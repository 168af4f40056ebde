/* SPDX-License-Identifier: MIT */
/* The note of a plugin, read from files of every kind: a good one, and copies
 * of it that were cut, patched and shaken. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gruvid/plugin.h>

#include "module/note.h"
#include "support/suite.h"

static unsigned char *plugin; /* a whole plugin */
static size_t plugin_size;
static char why[200];

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

/* What is said of a file with these bytes. */
static int
read_bytes(const void *bytes, size_t size, struct gruvid__abi *abi)
{
    int fd = memfd_create("plugin", MFD_CLOEXEC), err;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
    why[0] = '\0';
    err = gruvid__note_read(abi, fd, why, sizeof why);
    close(fd);
    return err;
}

static void
refused(const void *bytes, size_t size, const char *reason)
{
    struct gruvid__abi abi = {.major = 7};

    ck_assert_int_eq(read_bytes(bytes, size, &abi), UV_EINVAL);
    ck_assert_msg(strstr(why, reason) != NULL, "\"%s\", not \"%s\"", why,
                  reason);
    ck_assert_uint_eq(abi.major, 0);
}

static ElfW(Ehdr) * header(void)
{
    return (ElfW(Ehdr) *)plugin;
}

static ElfW(Phdr) * segment(unsigned type)
{
    ElfW(Phdr) *segments = (ElfW(Phdr) *)(plugin + header()->e_phoff);

    for (unsigned i = 0; i < header()->e_phnum; i++)
        if (segments[i].p_type == type)
            return &segments[i];
    ck_abort_msg("no such segment");
}

/* The note of the plugin as it lies in the file. */
static gruvid__note_t *
note(void)
{
    void *at = memmem(plugin, plugin_size, "gruvid\0\0\1\0\0\0", 12);

    ck_assert_ptr_nonnull(at);
    return (gruvid__note_t *)((unsigned char *)at -
                              offsetof(gruvid__note_t, name));
}

START_TEST(test_the_note_of_a_plugin_is_what_it_was_compiled_with)
{
    struct gruvid__abi abi;

    ck_assert_int_eq(read_bytes(plugin, plugin_size, &abi), 0);
    ck_assert_uint_eq(abi.major, GRUVID_ABI_MAJOR);
    ck_assert_uint_eq(abi.minor, GRUVID_ABI_MINOR);
    ck_assert_uint_eq(abi.descriptor_size, sizeof(gruvid_descriptor_t));
    ck_assert_uint_eq(abi.option_size, sizeof(gruvid_option_t));
    ck_assert(gruvid__abi_accepts(&gruvid__abi, &abi, why, sizeof why));
}
END_TEST

START_TEST(test_other_files_are_said_to_be_no_plugins)
{
    static const char text[] = "#!/bin/sh\necho this is no plugin at all, it "
                               "is a script that is longer than a header\n";

    refused("", 0, "no shared library");
    refused("\177EL", 3, "no shared library");
    refused("\177ELF", 4, "cut off");
    refused(text, sizeof text, "no shared library");
}
END_TEST

START_TEST(test_folders_and_devices_are_refused)
{
    struct gruvid__abi abi;
    int fd = open("/tmp", O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(gruvid__note_read(&abi, fd, why, sizeof why), UV_EINVAL);
    ck_assert_str_eq(why, "not a plugin: no regular file");
    close(fd);
    fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(gruvid__note_read(&abi, fd, why, sizeof why), UV_EINVAL);
    close(fd);
    ck_assert_int_eq(gruvid__note_read(&abi, -1, why, sizeof why), UV_EIO);
}
END_TEST

START_TEST(test_another_architecture_is_named_as_such)
{
    header()->e_machine ^= 0x55;
    refused(plugin, plugin_size, "another architecture");
    header()->e_machine ^= 0x55;
    plugin[EI_CLASS] ^= 3;
    refused(plugin, plugin_size, "another architecture");
    plugin[EI_CLASS] ^= 3;
    plugin[EI_DATA] ^= 3;
    refused(plugin, plugin_size, "another architecture");
}
END_TEST

START_TEST(test_an_object_file_is_told_to_be_linked)
{
    header()->e_type = ET_REL;
    refused(plugin, plugin_size, "link it with -shared");
}
END_TEST

START_TEST(test_damaged_program_headers_are_refused)
{
    ElfW(Ehdr) good = *header();

    header()->e_phnum = 0;
    refused(plugin, plugin_size, "damaged");
    *header() = good;
    header()->e_phnum = 0xfff0;
    refused(plugin, plugin_size, "damaged");
    *header() = good;
    header()->e_phentsize = 8;
    refused(plugin, plugin_size, "damaged");
    *header() = good;
    header()->e_phoff = ~(ElfW(Off))0;
    refused(plugin, plugin_size, "cut off");
    *header() = good;
    header()->e_phoff = plugin_size - 1;
    refused(plugin, plugin_size, "cut off");
}
END_TEST

START_TEST(test_segments_beyond_the_end_are_refused)
{
    ElfW(Phdr) good = *segment(PT_LOAD);

    segment(PT_LOAD)->p_filesz = ~(ElfW(Off))0;
    refused(plugin, plugin_size, "cut off");
    *segment(PT_LOAD) = good;
    segment(PT_LOAD)->p_offset = ~(ElfW(Off))0;
    refused(plugin, plugin_size, "cut off");
    *segment(PT_LOAD) = good;
    segment(PT_NOTE)->p_offset = plugin_size - 4;
    refused(plugin, plugin_size, "cut off");
}
END_TEST

START_TEST(test_a_library_without_a_note_is_refused)
{
    note()->type = 99;
    refused(plugin, plugin_size, "no GRUVID_PLUGIN()");
    note()->type = GRUVID__NOTE_TYPE;
    note()->name[0] = 'G';
    refused(plugin, plugin_size, "no GRUVID_PLUGIN()");
}
END_TEST

START_TEST(test_impossible_sizes_in_notes_are_refused)
{
    gruvid__note_t good = *note();

    note()->name_size = 0xffffffff;
    refused(plugin, plugin_size, "no GRUVID_PLUGIN()");
    *note() = good;
    note()->desc_size = 15;
    refused(plugin, plugin_size, "no GRUVID_PLUGIN()");
}
END_TEST

START_TEST(test_a_file_cut_anywhere_is_refused)
{
    size_t last = 0;
    ElfW(Phdr) *segments = (ElfW(Phdr) *)(plugin + header()->e_phoff);

    for (unsigned i = 0; i < header()->e_phnum; i++)
        if (segments[i].p_type == PT_LOAD &&
            segments[i].p_offset + segments[i].p_filesz > last)
            last = segments[i].p_offset + segments[i].p_filesz;
    ck_assert_uint_gt(last, 0);
    for (size_t size = 0; size < last; size += size < 2048 ? 1 : 61)
        refused(plugin, size, size < SELFMAG ? "no shared" : "cut off");
}
END_TEST

/* What comes out does not matter; a sanitizer or Valgrind watches. */
START_TEST(test_shaken_files_do_no_harm)
{
    unsigned char *copy = malloc(plugin_size);
    size_t notes = segment(PT_NOTE)->p_offset;
    struct gruvid__abi abi;
    unsigned good = 0;

    srand(4711);
    for (int i = 0; i < 3000; i++) {
        memcpy(copy, plugin, plugin_size);
        for (int n = rand() % 4; n >= 0; n--) {
            size_t at = rand() % 2 ? (size_t)rand() % 800
                                   : notes + (size_t)rand() % 128;
            copy[at % plugin_size] = (unsigned char)rand();
        }
        good += read_bytes(copy, plugin_size, &abi) == 0;
    }
    ck_assert_uint_gt(good, 0);
    ck_assert_uint_lt(good, 3000);
    free(copy);
}
END_TEST

/* --- numbers
 * ------------------------------------------------------------------ */

static bool
accepts(unsigned major, unsigned minor, struct gruvid__abi theirs)
{
    struct gruvid__abi ours = gruvid__abi;

    ours.major = major;
    ours.minor = minor;
    why[0] = '\0';
    return gruvid__abi_accepts(&ours, &theirs, why, sizeof why);
}

START_TEST(test_the_same_number_and_older_minors_are_accepted)
{
    struct gruvid__abi theirs = gruvid__abi;

    theirs.major = 3;
    theirs.minor = 2;
    ck_assert(accepts(3, 2, theirs));
    ck_assert(accepts(3, 5, theirs));
}
END_TEST

START_TEST(test_other_majors_and_newer_minors_are_refused_with_both_numbers)
{
    struct gruvid__abi theirs = gruvid__abi;

    theirs.major = 3;
    theirs.minor = 2;
    ck_assert(!accepts(3, 1, theirs));
    ck_assert_ptr_nonnull(strstr(why, "plugin ABI 3.2"));
    ck_assert_ptr_nonnull(strstr(why, "this gruvid has 3.1"));
    ck_assert(!accepts(4, 2, theirs));
    ck_assert(!accepts(2, 9, theirs));
}
END_TEST

START_TEST(test_sizes_may_be_those_of_an_older_minor_only)
{
    struct gruvid__abi theirs = gruvid__abi;

    theirs.descriptor_size = gruvid__abi.descriptor_size + 8;
    ck_assert(!accepts(GRUVID_ABI_MAJOR, GRUVID_ABI_MINOR, theirs));
    theirs.descriptor_size = 8;
    ck_assert(!accepts(GRUVID_ABI_MAJOR, GRUVID_ABI_MINOR, theirs));
    theirs = gruvid__abi;
    theirs.option_size = 0;
    ck_assert(!accepts(GRUVID_ABI_MAJOR, GRUVID_ABI_MINOR, theirs));
    theirs.option_size = gruvid__abi.option_size + 1;
    ck_assert(!accepts(GRUVID_ABI_MAJOR, GRUVID_ABI_MINOR, theirs));
}
END_TEST

static void
do_nothing(void)
{
}

static const char *const protocols[] = {"x", NULL};

static int
no_nodes(gruvid_plugin_t *mine, const gruvid_cluster_question_t *question)
{
    (void)mine;
    (void)question;
    return 0;
}

static gruvid_descriptor_t
copy_of(unsigned minor, size_t size)
{
    const gruvid_descriptor_t from = {
        .name = "x",
        .per_hub = true,
        .alpn = protocols,
        .cluster = no_nodes,
        .reserved = {do_nothing},
    };
    struct gruvid__abi theirs = {.major = GRUVID_ABI_MAJOR,
                                 .minor = minor,
                                 .descriptor_size = (uint32_t)size};
    gruvid_descriptor_t to;

    memset(&to, 0xff, sizeof to);
    gruvid__descriptor_copy(&to, &from, &theirs);
    ck_assert_str_eq(to.name, "x");
    ck_assert(to.per_hub);
    ck_assert_ptr_null(to.request);
    ck_assert_ptr_null(to.reserved[0]);
    ck_assert_ptr_null(to.reserved[2]);
    return to;
}

START_TEST(test_what_the_minor_of_a_plugin_does_not_have_is_0)
{
    size_t size = sizeof(gruvid_descriptor_t);

    ck_assert_ptr_eq(copy_of(1, size).alpn, protocols);
    ck_assert_ptr_null(copy_of(0, 96).alpn);
    ck_assert(copy_of(4, size).cluster == no_nodes);
    ck_assert(copy_of(3, size).cluster == NULL);
    /* The minor decides, whatever the size. */
    ck_assert_ptr_null(copy_of(0, size).alpn);
    /* And nothing is read behind the plugin's own. */
    ck_assert_ptr_null(copy_of(1, offsetof(gruvid_descriptor_t, alpn)).alpn);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("module_note");
    TCase *files = tcase_create("files"), *numbers = tcase_create("numbers");

    tcase_add_checked_fixture(files, load_plugin, free_plugin);
    tcase_set_timeout(files, 60);
    tcase_add_test(files,
                   test_the_note_of_a_plugin_is_what_it_was_compiled_with);
    tcase_add_test(files, test_other_files_are_said_to_be_no_plugins);
    tcase_add_test(files, test_folders_and_devices_are_refused);
    tcase_add_test(files, test_another_architecture_is_named_as_such);
    tcase_add_test(files, test_an_object_file_is_told_to_be_linked);
    tcase_add_test(files, test_damaged_program_headers_are_refused);
    tcase_add_test(files, test_segments_beyond_the_end_are_refused);
    tcase_add_test(files, test_a_library_without_a_note_is_refused);
    tcase_add_test(files, test_impossible_sizes_in_notes_are_refused);
    tcase_add_test(files, test_a_file_cut_anywhere_is_refused);
    tcase_add_test(files, test_shaken_files_do_no_harm);
    suite_add_tcase(suite, files);
    tcase_add_test(numbers, test_the_same_number_and_older_minors_are_accepted);
    tcase_add_test(
        numbers,
        test_other_majors_and_newer_minors_are_refused_with_both_numbers);
    tcase_add_test(numbers, test_sizes_may_be_those_of_an_older_minor_only);
    tcase_add_test(numbers, test_what_the_minor_of_a_plugin_does_not_have_is_0);
    suite_add_tcase(suite, numbers);
    return run_suite(suite);
}
