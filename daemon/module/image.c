/* SPDX-License-Identifier: MIT */
/*
 * The program headers of a plugin, and the names in its dynamic section.
 *
 *   PT_LOAD        within the file, in order, each on its pages
 *   PT_DYNAMIC     there, and in one of them; so PT_TLS and PT_PHDR
 *   PT_GNU_STACK   without "executable": stacks of fibers never are, and some
 *                  systems make every stack executable, where others refuse
 *   names          none of a sanitizer that is not in gruvid
 *
 * note.c has looked at the ELF header already.  The file may hold anything:
 * every number is checked before it is used.
 */
#include "module/image.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#define MAX_HEADERS 256
#define MAX_DYNAMIC ((size_t)64 << 10) /* bytes of a dynamic section */
#define MAX_NAMES   ((size_t)16 << 20) /* bytes of the names in it */

struct image {
    int fd;
    uint64_t size;
    ElfW(Phdr) segments[MAX_HEADERS];
    unsigned n;
    char *why;
    size_t why_size;
};

static int __attribute__((format(printf, 2, 3)))
refuse(const struct image *image, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(image->why, image->why_size, format, args);
    va_end(args);
    return UV_EINVAL;
}

/* Bytes of the file; NULL: there are none, or no memory. */
static void *
read_bytes(const struct image *image, uint64_t offset, size_t n)
{
    char *bytes;

    if (n > image->size || offset > image->size - n)
        return NULL;
    bytes = malloc(n + 1);
    if (bytes == NULL)
        return NULL;
    for (size_t done = 0; done < n;) {
        ssize_t got =
            pread(image->fd, bytes + done, n - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(bytes);
            return NULL;
        }
        done += (size_t)got;
    }
    bytes[n] = '\0';
    return bytes;
}

/* --- segments ------------------------------------------------------------- */

/* The segment that has these addresses, its bytes in the file if in_file. */
static const ElfW(Phdr) *
    find_load(const struct image *image, uint64_t at, uint64_t n, bool in_file)
{
    for (unsigned i = 0; i < image->n; i++) {
        const ElfW(Phdr) *load = &image->segments[i];
        uint64_t size = in_file ? load->p_filesz : load->p_memsz;

        if (load->p_type == PT_LOAD && at >= load->p_vaddr && n <= size &&
            at - load->p_vaddr <= size - n)
            return load;
    }
    return NULL;
}

/* end: where the segment before it ends, in memory */
static bool
is_load_sound(const struct image *image, const ElfW(Phdr) * load, uint64_t end)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), align = load->p_align;

    return load->p_filesz <= load->p_memsz && load->p_filesz <= image->size &&
           load->p_offset <= image->size - load->p_filesz &&
           load->p_vaddr >= end && load->p_memsz < UINT64_MAX / 4 &&
           load->p_vaddr < UINT64_MAX / 4 && align % page == 0 &&
           (align & (align - 1)) == 0 &&
           (load->p_vaddr - load->p_offset) % page == 0;
}

/* Whether it lies in the segments that are loaded, where it has to. */
static bool
is_inside(const struct image *image, const ElfW(Phdr) * segment)
{
    switch (segment->p_type) {
    case PT_DYNAMIC:
    case PT_PHDR:
    case PT_TLS: /* what is zero of it is nowhere */
        return segment->p_filesz == 0 ||
               find_load(image, segment->p_vaddr, segment->p_filesz, true) !=
                   NULL;
    default:
        return true;
    }
}

static int
check_segments(const struct image *image, const ElfW(Phdr) * *dynamic)
{
    uint64_t end = 0;

    *dynamic = NULL;
    for (unsigned i = 0; i < image->n; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];

        if (segment->p_type == PT_LOAD && !is_load_sound(image, segment, end))
            return refuse(image,
                          "the file is damaged: segment %u cannot be "
                          "loaded; build it again",
                          i);
        if (segment->p_type == PT_LOAD)
            end = segment->p_vaddr + segment->p_memsz;
        if (segment->p_type == PT_DYNAMIC)
            *dynamic = segment;
    }
    for (unsigned i = 0; i < image->n; i++)
        if (!is_inside(image, &image->segments[i]))
            return refuse(image,
                          "the file is damaged: segment %u is not in "
                          "what is loaded; build it again",
                          i);
    if (*dynamic == NULL || (*dynamic)->p_filesz < sizeof(ElfW(Dyn)))
        return refuse(image, "the file is damaged: it has no dynamic section; "
                             "build it again");
    return 0;
}

/* Without a header about it, some processors have an executable stack. */
static int
check_stack(const struct image *image)
{
    bool executable = false;

    for (unsigned i = 0; i < image->n; i++)
        if (image->segments[i].p_type == PT_GNU_STACK)
            executable = (image->segments[i].p_flags & PF_X) != 0;
    if (!executable)
        return 0;
    return refuse(image,
                  "it needs an executable stack, which fibers do not have: an "
                  "object of it is assembler without .note.GNU-stack, or uses "
                  "nested functions; mend that, or link with -z noexecstack");
}

/* --- names ---------------------------------------------------------------- */

/* Where the names of the dynamic section are. */
static bool
find_names(const ElfW(Dyn) * dynamic, size_t n, uint64_t *at, uint64_t *size)
{
    *at = *size = 0;
    for (size_t i = 0; i < n && dynamic[i].d_tag != DT_NULL; i++) {
        if (dynamic[i].d_tag == DT_STRTAB)
            *at = dynamic[i].d_un.d_ptr;
        if (dynamic[i].d_tag == DT_STRSZ)
            *size = dynamic[i].d_un.d_val;
    }
    return *at != 0 && *size > 0;
}

/* A symbol of each runtime that has to be in a process from the start. */
static const struct {
    const char *symbol, *library, *option;
} runtimes[] = {
    {"__asan_init", "libasan.so", "address"},
    {"__tsan_init", "libtsan.so", "thread"},
    {"__hwasan_init", "libhwasan.so", "hwaddress"},
    {"__msan_init", "", "memory"},
};

static bool
has_name(const char *names, size_t size, const char *name, bool prefix)
{
    size_t length = strlen(name);

    for (const char *at = names; length > 0 && at < names + size;
         at += strlen(at) + 1)
        if (prefix ? strncmp(at, name, length) == 0 : strcmp(at, name) == 0)
            return true;
    return false;
}

static int
check_runtimes(const struct image *image, const char *names, size_t size)
{
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
        if ((has_name(names, size, runtimes[i].symbol, false) ||
             has_name(names, size, runtimes[i].library, true)) &&
            dlsym(RTLD_DEFAULT, runtimes[i].symbol) == NULL)
            return refuse(image,
                          "it was built with -fsanitize=%s, whose runtime has "
                          "to be in gruvid from the start: build gruvid with "
                          "--enable-sanitizer=%s, or put the runtime in "
                          "LD_PRELOAD",
                          runtimes[i].option, runtimes[i].option);
    return 0;
}

static int
check_names(const struct image *image, const ElfW(Phdr) * segment)
{
    size_t size =
        segment->p_filesz < MAX_DYNAMIC ? segment->p_filesz : MAX_DYNAMIC;
    ElfW(Dyn) *dynamic = read_bytes(image, segment->p_offset, size);
    const ElfW(Phdr) *load = NULL;
    uint64_t at, length;
    char *names = NULL;
    int err = 0;

    if (dynamic != NULL &&
        find_names(dynamic, size / sizeof *dynamic, &at, &length))
        load = find_load(image, at, length, true);
    if (load != NULL && length < MAX_NAMES)
        names =
            read_bytes(image, load->p_offset + (at - load->p_vaddr), length);
    if (load == NULL)
        err = refuse(image, "the file is damaged: it has no names of symbols; "
                            "build it again");
    else if (names != NULL)
        err = check_runtimes(image, names, length);
    free(names);
    free(dynamic);
    return err;
}

/* --- the whole ------------------------------------------------------------ */

static int
read_segments(struct image *image)
{
    ElfW(Ehdr) *header = read_bytes(image, 0, sizeof *header);
    ElfW(Phdr) *table = NULL;
    unsigned n = header == NULL ? 0 : header->e_phnum;

    if (n > 0 && n <= MAX_HEADERS && header->e_phentsize == sizeof *table)
        table = read_bytes(image, header->e_phoff, n * sizeof *table);
    free(header);
    if (table == NULL)
        return refuse(image, "not a plugin: the file is damaged");
    memcpy(image->segments, table, n * sizeof *table);
    image->n = n;
    free(table);
    return 0;
}

static int
check(struct image *image)
{
    const ElfW(Phdr) * dynamic;
    int err = read_segments(image);

    if (err == 0)
        err = check_segments(image, &dynamic);
    if (err == 0)
        err = check_stack(image);
    if (err == 0)
        err = check_names(image, dynamic);
    return err;
}

int
gruvid__image_check(int fd, char *why, size_t why_size)
{
    struct image *image = calloc(1, sizeof *image);
    struct stat st;
    int err = UV_ENOMEM;

    snprintf(why, why_size, "out of memory");
    if (image == NULL)
        return err;
    image->fd = fd;
    image->why = why;
    image->why_size = why_size;
    if (fstat(fd, &st) < 0) {
        snprintf(why, why_size, "cannot be read: %s", strerror(errno));
        err = UV_EIO;
    } else {
        image->size = (uint64_t)st.st_size;
        err = check(image);
    }
    free(image);
    return err;
}
