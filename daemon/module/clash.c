/* SPDX-License-Identifier: MIT */
/*
 * A look for -fstack-clash-protection.
 *
 * No note and no symbol tells of it.  gcc writes its options into the debugging
 * information, as a string "GNU C17 12.2.0 -mtune=... -fstack-clash-protection"
 * for each source file, in section .debug_str or .debug_line_str.  So this can
 * be seen in a file that was compiled by gcc with -g and not stripped, and
 * whose sections are not compressed.  It is for a hint, never for a refusal.
 */
#include "module/clash.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPTION       "-fstack-clash-protection"
#define MAX_SECTIONS 1000
#define MAX_SIZE     ((size_t)64 << 20) /* of a section that is looked at */

/* size bytes of the file, with a NUL behind them; or NULL. */
static char *
read_part(int fd, uint64_t offset, size_t size)
{
    char *part = size <= MAX_SIZE ? malloc(size + 1) : NULL;

    if (part == NULL)
        return NULL;
    part[size] = '\0';
    if (pread(fd, part, size, (off_t)offset) == (ssize_t)size)
        return part;
    free(part);
    return NULL;
}

static bool
is_compiler(const char *text)
{
    return strncmp(text, "GNU C1", 6) == 0 || strncmp(text, "GNU C9", 6) == 0 ||
           strncmp(text, "GNU C2", 6) == 0 || strncmp(text, "GNU C++", 7) == 0;
}

static bool
strings_tell(int fd, const ElfW(Shdr) * section)
{
    char *strings = read_part(fd, section->sh_offset, section->sh_size);
    bool told = false;
    size_t at;

    if (strings == NULL)
        return false;
    for (at = 0; at < section->sh_size && !told; at += strlen(strings + at) + 1)
        told =
            is_compiler(strings + at) && strstr(strings + at, OPTION) == NULL;
    free(strings);
    return told;
}

static bool
is_strings(const ElfW(Shdr) * section)
{
    return section->sh_type == SHT_PROGBITS &&
           (section->sh_flags & SHF_STRINGS) &&
           !(section->sh_flags & (SHF_ALLOC | SHF_COMPRESSED));
}

static bool
file_tells(int fd)
{
    ElfW(Ehdr) header;
    ElfW(Shdr) * sections;
    bool told = false;

    if (pread(fd, &header, sizeof header, 0) != sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_shentsize != sizeof *sections || header.e_shnum > MAX_SECTIONS)
        return false;
    sections = (ElfW(Shdr) *)(void *)read_part(
        fd, header.e_shoff, header.e_shnum * sizeof *sections);
    for (unsigned i = 0; sections != NULL && i < header.e_shnum && !told; i++)
        told = is_strings(&sections[i]) && strings_tell(fd, &sections[i]);
    free(sections);
    return told;
}

bool
gruvid__clash_seen(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool told;

    if (fd < 0)
        return false;
    told = file_tells(fd);
    close(fd);
    return told;
}
