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

/* Where to put the reason of a refusal. */
struct why {
    char *text;
    size_t size;
};

static int __attribute__((format(printf, 2, 3)))
refuse(const struct why *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why->text, why->size, format, args);
    va_end(args);
    return UV_EINVAL;
}

void *
gruvid__image_read(const struct gruvid__image *image, uint64_t offset, size_t n)
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

/* The segment that has the bytes of these addresses in the file. */
static const ElfW(Phdr) *
    find_load(const struct gruvid__image *image, uint64_t at, uint64_t n)
{
    for (unsigned i = 0; i < image->n_segments; i++) {
        const ElfW(Phdr) *load = &image->segments[i];

        if (load->p_type == PT_LOAD && at >= load->p_vaddr &&
            n <= load->p_filesz && at - load->p_vaddr <= load->p_filesz - n)
            return load;
    }
    return NULL;
}

void *
gruvid__image_read_at(const struct gruvid__image *image, uint64_t address,
                      size_t n)
{
    const ElfW(Phdr) *load = find_load(image, address, n);

    if (load == NULL)
        return NULL;
    return gruvid__image_read(image, load->p_offset + (address - load->p_vaddr),
                              n);
}

/* end: where the segment before it ends, in memory */
static bool
is_load_sound(const struct gruvid__image *image, const ElfW(Phdr) * load,
              uint64_t end)
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
is_inside(const struct gruvid__image *image, const ElfW(Phdr) * segment)
{
    switch (segment->p_type) {
    case PT_DYNAMIC:
    case PT_PHDR:
    case PT_TLS: /* what is zero of it is nowhere */
        return segment->p_filesz == 0 ||
               find_load(image, segment->p_vaddr, segment->p_filesz) != NULL;
    default:
        return true;
    }
}

static int
check_segments(const struct gruvid__image *image, const struct why *why)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < image->n_segments; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];

        if (segment->p_type == PT_LOAD && !is_load_sound(image, segment, end))
            return refuse(why,
                          "the file is damaged: segment %u cannot be "
                          "loaded; build it again",
                          i);
        if (segment->p_type == PT_LOAD)
            end = segment->p_vaddr + segment->p_memsz;
    }
    for (unsigned i = 0; i < image->n_segments; i++)
        if (!is_inside(image, &image->segments[i]))
            return refuse(why,
                          "the file is damaged: segment %u is not in "
                          "what is loaded; build it again",
                          i);
    return 0;
}

/* Without a header about it, some processors have an executable stack. */
static int
check_stack(const struct gruvid__image *image, const struct why *why)
{
    bool executable = false;

    for (unsigned i = 0; i < image->n_segments; i++)
        if (image->segments[i].p_type == PT_GNU_STACK)
            executable = (image->segments[i].p_flags & PF_X) != 0;
    if (!executable)
        return 0;
    return refuse(why,
                  "it needs an executable stack, which fibers do not have: an "
                  "object of it is assembler without .note.GNU-stack, or uses "
                  "nested functions; mend that, or link with -z noexecstack");
}

/* --- names ---------------------------------------------------------------- */

static int
read_dynamic(struct gruvid__image *image, const struct why *why)
{
    const ElfW(Phdr) *segment = NULL;
    size_t size;

    for (unsigned i = 0; i < image->n_segments; i++)
        if (image->segments[i].p_type == PT_DYNAMIC)
            segment = &image->segments[i];
    if (segment == NULL || segment->p_filesz < sizeof *image->dynamic)
        return refuse(why, "the file is damaged: it has no dynamic section; "
                           "build it again");
    size = segment->p_filesz < MAX_DYNAMIC ? segment->p_filesz : MAX_DYNAMIC;
    image->dynamic = gruvid__image_read(image, segment->p_offset, size);
    if (image->dynamic == NULL)
        return refuse(why, "its dynamic section cannot be read");
    image->n_dynamic = size / sizeof *image->dynamic;
    return 0;
}

const ElfW(Dyn) *
    gruvid__image_dynamic(const struct gruvid__image *image, long tag)
{
    for (size_t i = 0; i < image->n_dynamic; i++) {
        if (image->dynamic[i].d_tag == tag)
            return &image->dynamic[i];
        if (image->dynamic[i].d_tag == DT_NULL)
            break;
    }
    return NULL;
}

static int
read_names(struct gruvid__image *image, const struct why *why)
{
    const ElfW(Dyn) *table = gruvid__image_dynamic(image, DT_STRTAB);
    const ElfW(Dyn) *size = gruvid__image_dynamic(image, DT_STRSZ);

    if (table == NULL || size == NULL || size->d_un.d_val == 0 ||
        find_load(image, table->d_un.d_ptr, size->d_un.d_val) == NULL)
        return refuse(why, "the file is damaged: it has no names of symbols; "
                           "build it again");
    if (size->d_un.d_val < MAX_NAMES)
        image->names =
            gruvid__image_read_at(image, table->d_un.d_ptr, size->d_un.d_val);
    if (image->names != NULL)
        image->names_size = size->d_un.d_val;
    return 0;
}

const char *
gruvid__image_name(const struct gruvid__image *image, uint64_t offset)
{
    return offset < image->names_size ? image->names + offset : NULL;
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
has_name(const struct gruvid__image *image, const char *name, bool prefix)
{
    const char *end = image->names + image->names_size;
    size_t length = strlen(name);

    for (const char *at = image->names; length > 0 && at < end;
         at += strlen(at) + 1)
        if (prefix ? strncmp(at, name, length) == 0 : strcmp(at, name) == 0)
            return true;
    return false;
}

static int
check_runtimes(const struct gruvid__image *image, const struct why *why)
{
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
        if ((has_name(image, runtimes[i].symbol, false) ||
             has_name(image, runtimes[i].library, true)) &&
            dlsym(RTLD_DEFAULT, runtimes[i].symbol) == NULL)
            return refuse(why,
                          "it was built with -fsanitize=%s, whose runtime has "
                          "to be in gruvid from the start: build gruvid with "
                          "--enable-sanitizer=%s, or put the runtime in "
                          "LD_PRELOAD",
                          runtimes[i].option, runtimes[i].option);
    return 0;
}

/* --- the whole ------------------------------------------------------------ */

static int
read_segments(struct gruvid__image *image, const struct why *why)
{
    ElfW(Ehdr) *header = gruvid__image_read(image, 0, sizeof *header);
    unsigned n = header == NULL ? 0 : header->e_phnum;

    if (n > 0 && n <= MAX_HEADERS &&
        header->e_phentsize == sizeof *image->segments)
        image->segments = gruvid__image_read(image, header->e_phoff,
                                             n * sizeof *image->segments);
    free(header);
    if (image->segments == NULL)
        return refuse(why, "not a plugin: the file is damaged");
    image->n_segments = n;
    return 0;
}

static int
read_all(struct gruvid__image *image, const struct why *why)
{
    struct stat st;
    int err;

    if (fstat(image->fd, &st) < 0) {
        refuse(why, "cannot be read: %s", strerror(errno));
        return UV_EIO;
    }
    image->size = (uint64_t)st.st_size;
    err = read_segments(image, why);
    if (err == 0)
        err = check_segments(image, why);
    if (err == 0)
        err = read_dynamic(image, why);
    if (err == 0)
        err = check_stack(image, why);
    if (err == 0)
        err = read_names(image, why);
    return err < 0 ? err : check_runtimes(image, why);
}

int
gruvid__image_open(struct gruvid__image **image, int fd, char *why,
                   size_t why_size)
{
    const struct why reason = {why, why_size};
    int err;

    *image = calloc(1, sizeof **image);
    if (*image == NULL) {
        refuse(&reason, "out of memory");
        return UV_ENOMEM;
    }
    (*image)->fd = fd;
    err = read_all(*image, &reason);
    if (err == 0)
        return 0;
    gruvid__image_free(*image);
    *image = NULL;
    return err;
}

void
gruvid__image_free(struct gruvid__image *image)
{
    if (image == NULL)
        return;
    free(image->segments);
    free(image->dynamic);
    free(image->names);
    free(image);
}

int
gruvid__image_check(int fd, char *why, size_t why_size)
{
    struct gruvid__image *image;
    int err = gruvid__image_open(&image, fd, why, why_size);

    gruvid__image_free(image);
    return err;
}
