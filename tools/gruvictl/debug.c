/* SPDX-License-Identifier: MIT */
/*
 * Debug information by libdw.
 *
 *   the file itself            if it is still of the build that was loaded
 *   /usr/lib/debug/.build-id   a debug file has the functions of its object too
 *   /proc/PID/map_files        the file that was replaced and is still mapped
 *
 * libdw finds a separate debug file by itself, by its build-id or by what
 * .gnu_debuglink says, and looks whether it fits.
 *
 * The path comes from gruvid.  What is read must be a plain file that only root
 * and the user of gruvictl can have written.
 */
#include "gruvictl/debug.h"

#ifdef HAVE_LIBDW

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <dwarf.h>
#include <elfutils/libdwfl.h>

#include "gruvictl/text.h"

struct debug {
    Dwfl *dwfl;
    Dwfl_Module *module;
};

static char *debug_path; /* as libdw has it: the usual folders */

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

/* --- files
 * --------------------------------------------------------------------- */

static bool
is_trusted(const struct stat *st)
{
    return S_ISREG(st->st_mode) &&
           (st->st_uid == 0 || st->st_uid == geteuid()) &&
           (st->st_mode & S_IWOTH) == 0;
}

/* A descriptor, or -1. */
static int
open_file(const char *path, struct debug_why *why)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        *why = (struct debug_why){"its file cannot be read", errno};
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (is_trusted(&st))
        return fd;
    close(fd);
    *why = (struct debug_why){"others may write its file", 0};
    return -1;
}

static void
build_id_of(Dwfl_Module *module, char *text, size_t size)
{
    const unsigned char *bits;
    GElf_Addr address;
    int n = dwfl_module_build_id(module, &bits, &address);

    text[0] = '\0';
    for (int i = 0; i < n && 2 * (size_t)i + 2 < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bits[i]);
}

static struct debug *
begin(int fd, const char *path)
{
    struct debug *debug = need(calloc(1, sizeof *debug));

    debug->dwfl = dwfl_begin(&callbacks);
    if (debug->dwfl == NULL) {
        close(fd);
        free(debug);
        return NULL;
    }
    dwfl_report_begin(debug->dwfl);
    debug->module = dwfl_report_elf(debug->dwfl, "", path, fd, 0, true);
    dwfl_report_end(debug->dwfl, NULL, NULL);
    if (debug->module == NULL) { /* else the descriptor is libdw's */
        close(fd);
        debug_close(debug);
        return NULL;
    }
    return debug;
}

/* Open a file if it is of this build. */
static struct debug *
open_build(const char *path, const char *build_id, struct debug_why *why)
{
    int fd = open_file(path, why);
    struct debug *debug = fd < 0 ? NULL : begin(fd, path);
    char has[2 * 64 + 1];

    if (fd >= 0 && debug == NULL)
        *why = (struct debug_why){"its file is damaged", 0};
    if (debug == NULL)
        return NULL;
    build_id_of(debug->module, has, sizeof has);
    if (build_id[0] != '\0' && strcmp(has, build_id) == 0)
        return debug;
    why->text = build_id[0] == '\0' ? "it has no build-id"
                                    : "its file is of another build by now";
    why->error = 0;
    debug_close(debug);
    return NULL;
}

/* --- replaced files
 * --------------------------------------------------------------- */

static struct debug *
open_by_build_id(const char *build_id)
{
    struct debug_why why;
    char path[256];

    if (strlen(build_id) < 4 ||
        strspn(build_id, "0123456789abcdef") != strlen(build_id))
        return NULL;
    snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug",
             build_id, build_id + 2);
    return open_build(path, build_id, &why);
}

/* Whether a line of /proc/PID/maps is the beginning of a file that is gone;
 * sets range. */
static bool
is_gone(const char *line, char *range, size_t size)
{
    unsigned long low, high, offset;
    size_t n = strcspn(line, "\n");

    if (sscanf(line, "%lx-%lx %*s %lx", &low, &high, &offset) != 3 ||
        offset != 0 || n < 10 || strncmp(line + n - 10, " (deleted)", 10) != 0)
        return false;
    snprintf(range, size, "%lx-%lx", low, high);
    return true;
}

/* Needs a privilege that root has: others are told of the file alone. */
static struct debug *
open_mapped(const char *build_id, pid_t pid, struct debug_why *why)
{
    char path[300], range[64], line[4600];
    struct debug *found = NULL;
    struct debug_why ignored;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
    maps = pid <= 0 ? NULL : fopen(path, "re");
    if (maps == NULL) {
        if (pid > 0 && errno != EACCES && errno != EPERM && errno != ENOENT)
            *why = (struct debug_why){"what is mapped cannot be read", errno};
        return NULL;
    }
    while (found == NULL && fgets(line, sizeof line, maps) != NULL) {
        if (!is_gone(line, range, sizeof range))
            continue;
        snprintf(path, sizeof path, "/proc/%ld/map_files/%s", (long)pid, range);
        found = open_build(path, build_id, &ignored);
    }
    fclose(maps);
    return found;
}

struct debug *
debug_open(const char *path, const char *build_id, pid_t pid,
           struct debug_why *why)
{
    struct debug *debug;

    *why = (struct debug_why){"", 0};
    /* No question to a server on the network. */
    unsetenv("DEBUGINFOD_URLS");
    debug = open_build(path, build_id, why);
    if (debug == NULL)
        debug = open_by_build_id(build_id);
    return debug == NULL ? open_mapped(build_id, pid, why) : debug;
}

void
debug_close(struct debug *debug)
{
    if (debug == NULL)
        return;
    dwfl_end(debug->dwfl);
    free(debug);
}

/* --- addresses
 * --------------------------------------------------------------------- */

static const char *
name_of(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;

    return dwarf_formstring(
        dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) != NULL
            ? &attribute
            : dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

/* Where an inlined function was called. */
static void
call_site(Dwarf_Die *cu, Dwarf_Die *die, struct debug_frame *frame)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file, line;
    Dwarf_Files *files;
    size_t n;

    frame->file = NULL;
    frame->line = 0;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &file) !=
            0 ||
        dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line) !=
            0 ||
        dwarf_getsrcfiles(cu, &files, &n) != 0 || file >= n)
        return;
    frame->file = dwarf_filesrc(files, (size_t)file, NULL, NULL);
    frame->line = (int)line;
}

/* The scopes around an address, as they are nested in the code. */
static int
find_scopes(Dwarf_Die *cu, Dwarf_Addr at, Dwarf_Die **scopes)
{
    Dwarf_Die *found, innermost;
    int n = dwarf_getscopes(cu, at, &found);

    if (n <= 0)
        return 0;
    innermost = found[0];
    free(found);
    n = dwarf_getscopes_die(&innermost, scopes);
    return n < 0 ? 0 : n;
}

static unsigned
find_functions(Dwarf_Die *cu, Dwarf_Addr at, struct debug_frame *frames,
               unsigned most)
{
    Dwarf_Die *scopes;
    int n = find_scopes(cu, at, &scopes);
    unsigned found = 0;

    for (int i = 0; i < n && found < most; i++) {
        int tag = dwarf_tag(&scopes[i]);

        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        frames[found++].function = name_of(&scopes[i]);
        if (tag == DW_TAG_subprogram)
            break;
        if (found < most)
            call_site(cu, &scopes[i], &frames[found]);
    }
    if (n > 0)
        free(scopes);
    return found;
}

static void
find_line(Dwarf_Die *cu, Dwarf_Addr at, struct debug_frame *frame)
{
    Dwarf_Line *line = dwarf_getsrc_die(cu, at);

    if (line == NULL)
        return;
    frame->file = dwarf_linesrc(line, NULL, NULL);
    dwarf_lineno(line, &frame->line);
}

/* The unit of an address.  libdw looks it up in .debug_aranges, which clang
 * does not write. */
static Dwarf_Die *
find_unit(struct debug *debug, Dwarf_Addr at, Dwarf_Addr *bias)
{
    Dwarf_Die *cu = dwfl_module_addrdie(debug->module, at, bias);

    if (cu != NULL)
        return cu;
    while ((cu = dwfl_module_nextcu(debug->module, cu, bias)) != NULL)
        if (dwarf_haspc(cu, at - *bias) == 1)
            return cu;
    return NULL;
}

unsigned
debug_find(struct debug *debug, uint64_t offset, struct debug_frame *frames,
           unsigned most)
{
    Dwarf_Addr bias = 0, at = offset;
    unsigned n = 0;
    Dwarf_Die *cu;

    /* The file is at the addresses that it has itself. */
    cu = find_unit(debug, at, &bias);
    memset(frames, 0, most * sizeof *frames);
    if (cu != NULL) {
        find_line(cu, at - bias, &frames[0]);
        n = find_functions(cu, at - bias, frames, most);
    }
    if (n > 0)
        return n;
    frames[0].function = dwfl_module_addrname(debug->module, at);
    return frames[0].function != NULL || frames[0].file != NULL;
}

#else

#include <stddef.h>

struct debug *
debug_open(const char *path, const char *build_id, pid_t pid,
           struct debug_why *why)
{
    (void)path;
    (void)build_id;
    (void)pid;
    *why = (struct debug_why){"gruvictl was built without libdw", 0};
    return NULL;
}

void
debug_close(struct debug *debug)
{
    (void)debug;
}

unsigned
debug_find(struct debug *debug, uint64_t offset, struct debug_frame *frames,
           unsigned most)
{
    (void)debug;
    (void)offset;
    (void)frames;
    (void)most;
    return 0;
}

#endif
