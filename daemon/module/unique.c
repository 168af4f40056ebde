/* SPDX-License-Identifier: MIT */
/*
 * g++ marks the static variables of inline functions and of templates
 * STB_GNU_UNIQUE.  The loader binds each use of such a name in the process to
 * the object of the library that came first, RTLD_LOCAL or not, and whatever
 * sizes the later ones expect: a new build would write beyond the end of what
 * an old one has.
 *
 *   file to be opened            libraries in memory, in the order of loading
 *     .dynsym                      dynamic symbols
 *       unique objects  <------->    unique objects
 *
 * So the names and sizes are compared before the file is opened.
 */
#include "module/unique.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#define MAX_SECTIONS 1000
#define MAX_NAMES    sizeof((struct gruvid__unique *)NULL)->own
#define MAX_SYMBOLS  ((size_t)1 << 20)

/* An object that the file defines. */
struct object {
    const char *name;
    uint64_t size;
    bool met; /* in memory, in a library that came earlier */
};

struct check {
    const struct gruvid__image *image;
    ElfW(Sym) * symbols; /* of the file */
    size_t n_symbols;
    struct object *objects; /* sorted by name */
    size_t n;

    const char *file;
    struct gruvid__unique *unique;
    char *why;
    size_t why_size;
    int err;
};

/* --- in the file ---------------------------------------------------------- */

static bool
is_unique(const ElfW(Sym) * symbol)
{
    return symbol->st_info >> 4 == STB_GNU_UNIQUE &&
           symbol->st_shndx != SHN_UNDEF;
}

static void
read_symbols(struct check *check, const ElfW(Shdr) * sections, size_t n)
{
    for (size_t i = 0; i < n && check->symbols == NULL; i++)
        if (sections[i].sh_type == SHT_DYNSYM &&
            sections[i].sh_size / sizeof(ElfW(Sym)) <= MAX_SYMBOLS) {
            check->n_symbols = sections[i].sh_size / sizeof(ElfW(Sym));
            check->symbols =
                gruvid__image_read(check->image, sections[i].sh_offset,
                                   check->n_symbols * sizeof(ElfW(Sym)));
        }
}

/* A file without a table of sections has been made by no usual linker: then
 * nothing is looked at. */
static void
read_file(struct check *check)
{
    ElfW(Ehdr) *header = gruvid__image_read(check->image, 0, sizeof *header);
    ElfW(Shdr) *sections = NULL;

    if (header != NULL && header->e_shentsize == sizeof *sections &&
        header->e_shnum <= MAX_SECTIONS)
        sections = gruvid__image_read(check->image, header->e_shoff,
                                      header->e_shnum * sizeof *sections);
    if (sections != NULL)
        read_symbols(check, sections, header->e_shnum);
    free(sections);
    free(header);
}

/* _ZNSt..., _ZGVNSt..., _ZZNSt..., _ZSt...: of namespace std. */
static bool
is_of_cxx_library(const char *name)
{
    if (strncmp(name, "_Z", 2) != 0)
        return false;
    name += 2;
    while (*name != '\0' && strchr("GVRTNZKISL", *name) != NULL &&
           strncmp(name, "St", 2) != 0)
        name++;
    return strncmp(name, "St", 2) == 0 || strncmp(name, "9__gnu_cxx", 10) == 0;
}

static void
add_name(char names[MAX_NAMES], const char *name)
{
    size_t length = strlen(names);

    if (!is_of_cxx_library(name))
        snprintf(names + length, MAX_NAMES - length, "%s%s",
                 length > 0 ? ", " : "", name);
}

static int
compare(const void *a, const void *b)
{
    const struct object *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static int
collect(struct check *check)
{
    check->objects = calloc(check->n_symbols + 1, sizeof *check->objects);
    if (check->objects == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; check->symbols != NULL && i < check->n_symbols; i++) {
        const ElfW(Sym) *symbol = &check->symbols[i];
        const char *name = gruvid__image_name(check->image, symbol->st_name);

        if (is_unique(symbol) && name != NULL)
            check->objects[check->n++] =
                (struct object){.name = name, .size = symbol->st_size};
    }
    qsort(check->objects, check->n, sizeof *check->objects, compare);
    for (size_t i = 0; i < check->n; i++)
        add_name(check->unique->own, check->objects[i].name);
    return 0;
}

/* --- in memory ------------------------------------------------------------ */

/* The dynamic symbols of a library. */
struct table {
    const ElfW(Sym) * symbols;
    const char *names;
    const uint32_t *hash, *gnu_hash;
};

/* The loader has turned addresses into pointers, but for some libraries of the
 * kernel's and on some processors. */
static const void *
pointer(const struct dl_phdr_info *info, uintptr_t at)
{
    return (const void *)(at < info->dlpi_addr ? at + info->dlpi_addr : at);
}

static void
find_table(struct table *table, const struct dl_phdr_info *info)
{
    const ElfW(Dyn) *dynamic = NULL;

    memset(table, 0, sizeof *table);
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic =
                (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
        const void *at = pointer(info, dynamic->d_un.d_ptr);

        if (dynamic->d_tag == DT_SYMTAB)
            table->symbols = at;
        else if (dynamic->d_tag == DT_STRTAB)
            table->names = at;
        else if (dynamic->d_tag == DT_HASH)
            table->hash = at;
        else if (dynamic->d_tag == DT_GNU_HASH)
            table->gnu_hash = at;
    }
}

/* The last one of the chain that begins last. */
static size_t
count_gnu(const uint32_t *hash)
{
    uint32_t n_buckets = hash[0], first = hash[1], last = 0;
    const uint32_t *buckets =
        hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof *hash);
    const uint32_t *chains = buckets + n_buckets;

    for (uint32_t i = 0; i < n_buckets; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while ((chains[last - first] & 1) == 0)
        last++;
    return (size_t)last + 1;
}

static size_t
count(const struct table *table)
{
    if (table->symbols == NULL || table->names == NULL)
        return 0;
    if (table->gnu_hash != NULL)
        return count_gnu(table->gnu_hash);
    return table->hash != NULL ? table->hash[1] : 0;
}

/* --- both ----------------------------------------------------------------- */

/* Whether a path is that of the file, with dots and slashes of a later build:
 * see next_text() in load.c. */
static bool
is_build_of(const char *path, const char *file)
{
    const char *name = strrchr(file, '/');
    size_t folder = (size_t)(name - file);

    if (strncmp(path, file, folder) != 0)
        return false;
    path += folder;
    path += strspn(path, "/");
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return strcmp(path, name + 1) == 0;
}

static void
meet(struct check *check, struct object *object, const ElfW(Sym) * bound,
     const char *library)
{
    object->met = true;
    if (bound->st_size != object->size) {
        snprintf(check->why, check->why_size,
                 "it has an object %s of %llu bytes, which all libraries in a "
                 "process share, and in %s it has %llu bytes: compile with "
                 "-fno-gnu-unique, and restart gruvid",
                 object->name, (unsigned long long)object->size,
                 *library != '\0' ? library : "gruvid",
                 (unsigned long long)bound->st_size);
        check->err = UV_EINVAL;
    } else if (is_build_of(library, check->file))
        add_name(check->unique->shared, object->name);
}

static int
on_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct check *check = arg;
    struct table table;
    size_t n;

    (void)size;
    find_table(&table, info);
    n = count(&table);
    for (size_t i = 0; i < n && check->err == 0; i++) {
        struct object key = {.name = table.names + table.symbols[i].st_name};
        struct object *object;

        if (!is_unique(&table.symbols[i]))
            continue;
        object = bsearch(&key, check->objects, check->n, sizeof key, compare);
        if (object != NULL && !object->met)
            meet(check, object, &table.symbols[i], info->dlpi_name);
    }
    return check->err;
}

int
gruvid__unique_check(struct gruvid__unique *unique,
                     const struct gruvid__image *image, const char *file,
                     char *why, size_t why_size)
{
    struct check check = {.image = image,
                          .file = file,
                          .unique = unique,
                          .why = why,
                          .why_size = why_size};

    memset(unique, 0, sizeof *unique);
    snprintf(why, why_size, "out of memory");
    read_file(&check);
    check.err = collect(&check);
    if (check.err == 0 && check.n > 0)
        dl_iterate_phdr(on_library, &check);
    free(check.symbols);
    free(check.objects);
    return check.err;
}
