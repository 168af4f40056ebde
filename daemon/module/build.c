/* SPDX-License-Identifier: MIT */
/*
 * A linker puts a build-id into each library, a digest of what it has linked: a
 * note with owner "GNU".  It is in the file and, loaded, in memory:
 *
 *   PT_NOTE --> notes, each: sizes, type, name, description
 *                                         "GNU"  3: the build-id
 *
 * A linker that was told --build-id=none gives none.  Then a digest of the file
 * stands for it, which memory does not have.
 */
#include "module/build.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#define OWNER     "GNU"
#define MAX_ID    64                 /* bytes; linkers make 8 to 32 */
#define MAX_NOTES ((size_t)64 << 10) /* bytes of a segment of notes */

/* --- notes ---------------------------------------------------------------- */

static size_t
round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static void
put_id(char id[GRUVID__BUILD_ID_SIZE], const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/* Look through a segment of notes, which may hold anything. */
static bool
find_id(char id[GRUVID__BUILD_ID_SIZE], const char *notes, size_t size,
        size_t align)
{
    size_t at = 0;

    while (at < size && size - at >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        size_t name, desc;

        memcpy(&note, notes + at, sizeof note);
        if (note.n_namesz > size || note.n_descsz > size)
            return false;
        name = at + sizeof note;
        desc = round_up(name + note.n_namesz, align);
        at = round_up(desc + note.n_descsz, align);
        if (desc + note.n_descsz > size)
            return false;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_descsz > 0 &&
            note.n_descsz <= MAX_ID && note.n_namesz == sizeof OWNER &&
            memcmp(notes + name, OWNER, sizeof OWNER) == 0) {
            put_id(id, (const unsigned char *)notes + desc, note.n_descsz);
            return true;
        }
    }
    return false;
}

static size_t
note_align(const ElfW(Phdr) * segment)
{
    return segment->p_align == 8 ? 8 : 4;
}

/* --- files ---------------------------------------------------------------- */

bool
gruvid__build_find(const struct gruvid__image *image,
                   char id[GRUVID__BUILD_ID_SIZE])
{
    for (unsigned i = 0; i < image->n_segments; i++) {
        const ElfW(Phdr) *segment = &image->segments[i];
        char *notes;
        bool found;

        if (segment->p_type != PT_NOTE || segment->p_filesz > MAX_NOTES)
            continue;
        notes = gruvid__image_read(image, segment->p_offset, segment->p_filesz);
        found = notes != NULL &&
                find_id(id, notes, segment->p_filesz, note_align(segment));
        free(notes);
        if (found)
            return true;
    }
    return false;
}

/* FNV-1a. */
static gruvid__digest_t
digest_more(gruvid__digest_t digest, const unsigned char *bytes, size_t n)
{
    const gruvid__digest_t prime = ((gruvid__digest_t)1 << 88) + 0x13b;

    for (size_t i = 0; i < n; i++)
        digest = (digest ^ bytes[i]) * prime;
    return digest;
}

int
gruvid__build_digest(int fd, gruvid__digest_t *digest)
{
    unsigned char bytes[16384];
    off_t at = 0;

    *digest = ((gruvid__digest_t)0x6c62272e07bb0142 << 64) | 0x62b821756295c58d;
    for (;;) {
        ssize_t n = pread(fd, bytes, sizeof bytes, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        *digest = digest_more(*digest, bytes, (size_t)n);
        at += n;
    }
}

int
gruvid__build_of_file(const struct gruvid__image *image,
                      char id[GRUVID__BUILD_ID_SIZE], gruvid__digest_t *digest)
{
    int err = gruvid__build_digest(image->fd, digest);

    id[0] = '\0';
    if (err == 0 && !gruvid__build_find(image, id))
        snprintf(id, GRUVID__BUILD_ID_SIZE, "file-%016llx%016llx",
                 (unsigned long long)(*digest >> 64),
                 (unsigned long long)*digest);
    return err;
}

/* --- memory --------------------------------------------------------------- */

struct search {
    ElfW(Addr) base;
    const char *name;
    struct gruvid__mapping *mapping;
    bool found;
};

static void
add_segment(struct gruvid__mapping *mapping, uintptr_t start, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t end = (start + size + page - 1) & ~(page - 1);

    start &= ~(page - 1);
    if (mapping->end == 0 || start < mapping->start)
        mapping->start = start;
    if (end > mapping->end)
        mapping->end = end;
    mapping->size += end - start;
}

static bool
is_within(const struct gruvid__mapping *mapping, uintptr_t start, size_t size)
{
    return start >= mapping->start && start < mapping->end &&
           size <= mapping->end - start;
}

void
gruvid__build_of_library(struct gruvid__mapping *mapping,
                         const struct dl_phdr_info *info)
{
    memset(mapping, 0, sizeof *mapping);
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD)
            add_segment(mapping, info->dlpi_addr + info->dlpi_phdr[i].p_vaddr,
                        info->dlpi_phdr[i].p_memsz);
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;

        if (segment->p_type == PT_NOTE &&
            is_within(mapping, start, segment->p_memsz) &&
            find_id(mapping->id, (const char *)start, segment->p_memsz,
                    note_align(segment)))
            return;
    }
}

static int
on_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *search = arg;

    (void)size;
    if (info->dlpi_addr != search->base ||
        strcmp(info->dlpi_name, search->name) != 0)
        return 0;
    gruvid__build_of_library(search->mapping, info);
    search->found = true;
    return 1;
}

bool
gruvid__build_of_handle(struct gruvid__mapping *mapping, void *handle)
{
    struct search search = {.mapping = mapping};
    struct link_map *map;

    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0)
        return false;
    search.base = map->l_addr;
    search.name = map->l_name;
    dl_iterate_phdr(on_library, &search);
    return search.found;
}
