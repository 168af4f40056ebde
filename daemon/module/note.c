/* SPDX-License-Identifier: MIT */
/*
 * The note of a plugin, read from its file.
 *
 *   ELF header --e_phoff--> program headers --PT_NOTE--> notes
 *                                                  name "gruvid", type 1
 *
 * dlopen() runs constructors, and complains about missing symbols where the
 * cause is that the plugin was made for another gruvid.  So the note is read
 * first, with nothing but pread().
 *
 * The file may hold anything: every number in it is checked before it is used,
 * and nothing in it is expected to be aligned.
 */
#include "module/note.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gruvid/plugin.h>

#define OWNER       "gruvid"
#define DESC_SIZE   16
#define MAX_HEADERS 256 /* of a program; linkers make about ten */
#define MAX_NOTES   256 /* of a segment */

/* What is read, and where. */
struct source {
    int fd;
    uint64_t size;
    char *why;
    size_t why_size;
};

/* Plugins are for the machine that this code was linked for. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

const struct gruvid__abi gruvid__abi = {
    .major = GRUVID_ABI_MAJOR,
    .minor = GRUVID_ABI_MINOR,
    .descriptor_size = sizeof(gruvid_descriptor_t),
    .option_size = sizeof(gruvid_option_t),
};

/* Both structs of ABI 1.0 are twelve words; they only ever grow. */
#define SMALLEST (12 * sizeof(void *))

static int __attribute__((format(printf, 3, 4)))
fail(const struct source *source, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(source->why, source->why_size, format, args);
    va_end(args);
    return err;
}

static int
read_at(const struct source *source, void *buf, size_t len, uint64_t offset)
{
    size_t done = 0;

    if (len > source->size || offset > source->size - len)
        return fail(source, UV_EINVAL, "not a plugin: the file is cut off");
    while (done < len) {
        ssize_t n = pread(source->fd, (char *)buf + done, len - done,
                          (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(source, UV_EIO, "cannot be read: %s", strerror(errno));
        if (n == 0)
            return fail(source, UV_EINVAL, "not a plugin: the file is cut off");
        done += (size_t)n;
    }
    return 0;
}

static int
read_header(const struct source *source, ElfW(Ehdr) * header)
{
    unsigned char *ident = header->e_ident;
    int err;

    if (source->size < SELFMAG)
        return fail(source, UV_EINVAL, "not a plugin: no shared library");
    err = read_at(source, ident, SELFMAG, 0);
    if (err < 0)
        return err;
    if (memcmp(ident, ELFMAG, SELFMAG) != 0)
        return fail(source, UV_EINVAL, "not a plugin: no shared library");
    err = read_at(source, header, sizeof *header, 0);
    if (err < 0)
        return err;
    if (ident[EI_CLASS] != __ehdr_start.e_ident[EI_CLASS] ||
        ident[EI_DATA] != __ehdr_start.e_ident[EI_DATA] ||
        header->e_machine != __ehdr_start.e_machine)
        return fail(source, UV_EINVAL,
                    "not a plugin for this machine: it was built for another "
                    "architecture");
    if (header->e_type != ET_DYN)
        return fail(source, UV_EINVAL,
                    "not a plugin: no shared library; link it with -shared");
    if (header->e_phentsize != sizeof(ElfW(Phdr)) || header->e_phnum == 0 ||
        header->e_phnum > MAX_HEADERS)
        return fail(source, UV_EINVAL, "not a plugin: the file is damaged");
    return 0;
}

/* The next multiple of a note's alignment; sizes here fit in 34 bits. */
static uint64_t
round_up(uint64_t n, const ElfW(Phdr) * segment)
{
    uint64_t align = segment->p_align == 8 ? 8 : 4;

    return (n + align - 1) & ~(align - 1);
}

/*
 * Look for our note in a segment of notes.
 *
 * Returns 1 where it is, 0 where not, or an error.
 */
static int
find_note(const struct source *source, const ElfW(Phdr) * segment,
          struct gruvid__abi *abi)
{
    uint64_t at = 0;

    for (int i = 0; i < MAX_NOTES; i++) {
        ElfW(Nhdr) note;
        char name[sizeof OWNER];
        uint64_t desc;
        int err;

        if (segment->p_filesz < sizeof note ||
            at > segment->p_filesz - sizeof note)
            return 0;
        err = read_at(source, &note, sizeof note, segment->p_offset + at);
        if (err < 0)
            return err;
        at += sizeof note;
        desc = round_up(at + note.n_namesz, segment);
        if (note.n_namesz == sizeof name && note.n_type == GRUVID__NOTE_TYPE &&
            note.n_descsz >= DESC_SIZE) {
            err = read_at(source, name, sizeof name, segment->p_offset + at);
            if (err < 0)
                return err;
            if (memcmp(name, OWNER, sizeof name) == 0) {
                err = read_at(source, abi, DESC_SIZE, segment->p_offset + desc);
                return err < 0 ? err : 1;
            }
        }
        at = round_up(desc + note.n_descsz, segment);
    }
    return 0;
}

/* dlopen() maps what the headers say.  Where the file was only half copied, a
 * read beyond its end is a SIGBUS. */
static bool
is_whole(const struct source *source, const ElfW(Phdr) * segment)
{
    return segment->p_filesz <= source->size &&
           segment->p_offset <= source->size - segment->p_filesz;
}

int
gruvid__note_read(struct gruvid__abi *abi, int fd, char *why, size_t why_size)
{
    struct source source = {.fd = fd, .why = why, .why_size = why_size};
    struct stat st;
    ElfW(Ehdr) header;
    ElfW(Phdr) segment;
    int found = 0, err;

    memset(abi, 0, sizeof *abi);
    if (fstat(fd, &st) < 0)
        return fail(&source, UV_EIO, "cannot be read: %s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(&source, UV_EINVAL, "not a plugin: no regular file");
    source.size = (uint64_t)st.st_size;
    err = read_header(&source, &header);
    if (err < 0)
        return err;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        uint64_t offset = header.e_phoff;

        if (offset > source.size) /* the sum below stays small */
            return fail(&source, UV_EINVAL,
                        "not a plugin: the file is cut off");
        err = read_at(&source, &segment, sizeof segment,
                      offset + i * sizeof segment);
        if (err < 0)
            return err;
        if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE)
            continue;
        if (!is_whole(&source, &segment))
            return fail(&source, UV_EINVAL,
                        "not a plugin: the file is cut off");
        if (segment.p_type == PT_NOTE && found == 0)
            found = find_note(&source, &segment, abi);
        if (found < 0)
            return found;
    }
    if (found == 0)
        return fail(&source, UV_EINVAL,
                    "not a plugin: it has no GRUVID_PLUGIN()");
    return 0;
}

bool
gruvid__abi_accepts(const struct gruvid__abi *ours,
                    const struct gruvid__abi *theirs, char *why,
                    size_t why_size)
{
    if (theirs->major != ours->major || theirs->minor > ours->minor) {
        snprintf(why, why_size,
                 "made for plugin ABI %u.%u, this gruvid has %u.%u; build it "
                 "with the headers of this gruvid",
                 theirs->major, theirs->minor, ours->major, ours->minor);
        return false;
    }
    if (theirs->descriptor_size < SMALLEST ||
        theirs->descriptor_size > ours->descriptor_size ||
        theirs->option_size < SMALLEST ||
        theirs->option_size > ours->option_size) {
        snprintf(why, why_size,
                 "not a plugin: its note says %u and %u bytes, which no "
                 "plugin ABI has",
                 theirs->descriptor_size, theirs->option_size);
        return false;
    }
    return true;
}

#ifdef __LP64__
#define AT(member, offset)                                                     \
    _Static_assert(offsetof(gruvid_descriptor_t, member) == (offset),          \
                   "a member of the descriptor has moved: " #member)
AT(multi_hub, 56);
AT(request, 64);
AT(reconfigure, 72);
AT(handover, 80);
AT(alpn, 88);
AT(cluster, 96);
AT(reserved, 104);
_Static_assert(sizeof(gruvid_descriptor_t) == 128, "the descriptor has grown");
#endif

/* Earlier minors reserved the place of later members. */
void
gruvid__descriptor_copy(gruvid_descriptor_t *to, const void *from,
                        const struct gruvid__abi *theirs)
{
    size_t known = offsetof(gruvid_descriptor_t, reserved);

    if (theirs->minor < 1)
        known = offsetof(gruvid_descriptor_t, request);
    else if (theirs->minor < 4)
        known = offsetof(gruvid_descriptor_t, cluster);
    if (known > theirs->descriptor_size)
        known = theirs->descriptor_size;
    memset(to, 0, sizeof *to);
    memcpy(to, from, known);
}
