/* SPDX-License-Identifier: MIT */
/*
 * Names of functions from an object's table of dynamic symbols, where it is
 * mapped: what the dynamic linker itself goes by, also in a stripped file.
 *
 * An object may be unloaded between two updates of the list.  So before each
 * use the pages of the table are tried.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/modules.h"
#include "base/walk.h"

/* glibc writes addresses in the dynamic section; others, and the vdso, leave
 * offsets. */
static uintptr_t
address_of(uintptr_t bias, const ElfW(Dyn) * entry)
{
    uintptr_t at = entry->d_un.d_ptr;

    return at < bias ? bias + at : at;
}

/*
 * The hash table of GNU has no number of symbols: the last one is at the end of
 * the last chain.
 *
 *   words: buckets, first symbol, filter's words, shift; filter; buckets;
 * chains
 */
static size_t
count_by_gnu_hash(const uint32_t *hash)
{
    uint32_t n_buckets = hash[0], first = hash[1];
    const uint32_t *buckets =
        hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof *hash);
    const uint32_t *chains = buckets + n_buckets;
    uint32_t last = 0;

    for (uint32_t i = 0; i < n_buckets; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return first;
    while ((chains[last - first] & 1) == 0)
        last++;
    return (size_t)last + 1;
}

void
gruvi__symbols_find(struct gruvi__symbols *symbols, uintptr_t bias,
                    const ElfW(Dyn) * dynamic)
{
    const uint32_t *gnu_hash = NULL, *hash = NULL;

    for (; dynamic->d_tag != DT_NULL; dynamic++)
        switch (dynamic->d_tag) {
        case DT_SYMTAB:
            symbols->at = (const void *)address_of(bias, dynamic);
            break;
        case DT_STRTAB:
            symbols->names = (const void *)address_of(bias, dynamic);
            break;
        case DT_STRSZ:
            symbols->names_size = dynamic->d_un.d_val;
            break;
        case DT_GNU_HASH:
            gnu_hash = (const void *)address_of(bias, dynamic);
            break;
        case DT_HASH:
            hash = (const void *)address_of(bias, dynamic);
            break;
        default:
            break;
        }
    if (symbols->at == NULL || symbols->names == NULL)
        symbols->n = 0;
    else if (gnu_hash != NULL)
        symbols->n = count_by_gnu_hash(gnu_hash);
    else if (hash != NULL)
        symbols->n = hash[1];
}

static bool
has_address(const ElfW(Sym) * symbol, uintptr_t at)
{
    unsigned type = symbol->st_info & 15;

    return (type == STT_FUNC || type == STT_GNU_IFUNC) &&
           symbol->st_shndx != SHN_UNDEF && at >= symbol->st_value &&
           at - symbol->st_value < symbol->st_size;
}

const char *
gruvi__symbols_name(const struct gruvi__symbols *symbols, uintptr_t bias,
                    uintptr_t address, size_t *offset)
{
    if (!gruvi__is_mapped((uintptr_t)symbols->at,
                          symbols->n * sizeof *symbols->at) ||
        !gruvi__is_mapped((uintptr_t)symbols->names, symbols->names_size))
        return NULL;
    for (size_t i = 0; i < symbols->n; i++) {
        const ElfW(Sym) *symbol = &symbols->at[i];
        const char *name = symbols->names + symbol->st_name;

        if (!has_address(symbol, address - bias) ||
            symbol->st_name >= symbols->names_size ||
            memchr(name, '\0', symbols->names_size - symbol->st_name) == NULL)
            continue;
        *offset = address - bias - symbol->st_value;
        return name;
    }
    return NULL;
}
