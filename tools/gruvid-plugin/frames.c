/* SPDX-License-Identifier: MIT */
/*
 * .eh_frame says for each function how its caller's frame is found.  A function
 * that keeps a frame pointer says, behind its first instructions, that it is
 * found by that register (x86-64), or that it has saved the pointer beside its
 * return address (AArch64).
 *
 *   PT_GNU_EH_FRAME -> .eh_frame_hdr -> .eh_frame: CIE, FDE, FDE, ..., 0
 *
 * What does not look as compilers write it is passed over.
 */
#include "gruvid-plugin/frames.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST ((size_t)32 << 20) /* bytes that are looked at */

/* DW_EH_PE_pcrel | DW_EH_PE_sdata4: what linkers write. */
#define RELATIVE 0x1b

#if defined __x86_64__
#define POINTER 6 /* rbp, in DWARF's numbers */
#elif defined __aarch64__
#define POINTER 29
#define LINK    30
#endif

#ifdef POINTER

/* Bytes that are read one after the other; at the end there are zeros. */
struct bytes {
    const unsigned char *at, *end;
};

/* What the instructions for a function have said. */
struct frame {
    bool exists; /* there is something on the stack */
    bool by_pointer;
    bool unclear;
    bool saves_pointer, saves_link;
};

struct counts {
    unsigned with, without;
};

static unsigned
take(struct bytes *bytes)
{
    return bytes->at < bytes->end ? *bytes->at++ : 0;
}

static void
skip(struct bytes *bytes, uint64_t n)
{
    uint64_t rest = (uint64_t)(bytes->end - bytes->at);

    bytes->at += n < rest ? n : rest;
}

static uint64_t
take_leb(struct bytes *bytes)
{
    uint64_t value = 0;
    unsigned byte, shift = 0;

    do {
        byte = take(bytes);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while ((byte & 0x80) && bytes->at < bytes->end);
    return value;
}

static uint32_t
take_word(struct bytes *bytes)
{
    uint32_t value = 0;

    if (bytes->end - bytes->at >= 4)
        memcpy(&value, bytes->at, 4);
    skip(bytes, 4);
    return value;
}

/* --- instructions --------------------------------------------------------- */

static void
saved(struct frame *frame, uint64_t reg)
{
    frame->saves_pointer |= reg == POINTER;
#ifdef LINK
    frame->saves_link |= reg == LINK;
#endif
}

/* An instruction with its operands, by the numbers of DWARF. */
static void
step(struct frame *frame, struct bytes *code)
{
    unsigned op = take(code);

    if ((op & 0xc0) == 0x80) { /* offset, with the register in it */
        saved(frame, op & 0x3f);
        take_leb(code);
    }
    if (op >= 0x40) /* advance_loc and restore likewise */
        return;
    switch (op) {
    case 0x02: /* advance_loc1 */
    case 0x03: /* advance_loc2 */
    case 0x04: /* advance_loc4 */
        skip(code, (uint64_t)1 << (op - 2));
        break;
    case 0x05: /* offset_extended */
    case 0x11: /* offset_extended_sf */
        saved(frame, take_leb(code));
        take_leb(code);
        break;
    case 0x0c: /* def_cfa */
    case 0x12: /* def_cfa_sf */
        frame->by_pointer |= take_leb(code) == POINTER;
        take_leb(code);
        break;
    case 0x0d: /* def_cfa_register */
        frame->by_pointer |= take_leb(code) == POINTER;
        break;
    case 0x0e: /* def_cfa_offset */
    case 0x13: /* def_cfa_offset_sf */
        take_leb(code);
        frame->exists = true;
        break;
    case 0x10: /* expression */
    case 0x16: /* val_expression */
        take_leb(code);
        skip(code, take_leb(code));
        break;
    case 0x0f: /* def_cfa_expression: a stack that is aligned, a linkage table
                */
        skip(code, take_leb(code));
        frame->unclear = true;
        break;
    case 0x09: /* register */
        take_leb(code);
        take_leb(code);
        break;
    case 0x06: /* restore_extended */
    case 0x07: /* undefined */
    case 0x08: /* same_value */
    case 0x2e: /* GNU_args_size */
        take_leb(code);
        break;
    case 0x00: /* nop */
    case 0x0a: /* remember_state */
    case 0x0b: /* restore_state */
    case 0x2d: /* GNU_window_save, AArch64_negate_ra_state */
        break;
    default: /* of no compiler that we know: the rest means nothing */
        code->at = code->end;
    }
}

static void
count(struct counts *counts, struct bytes code)
{
    struct frame frame = {0};

    while (code.at < code.end)
        step(&frame, &code);
#ifdef LINK
    frame.exists = frame.saves_link;
    frame.by_pointer |= frame.saves_pointer;
#endif
    if (frame.by_pointer)
        counts->with += frame.exists;
    else if (!frame.unclear)
        counts->without += frame.exists;
}

/* --- entries -------------------------------------------------------------- */

/* Whether entries that refer to this one have addresses of four bytes. */
static bool
is_usual(struct bytes cie)
{
    const char *letters;

    skip(&cie, 1); /* version */
    letters = (const char *)cie.at;
    if (cie.end - cie.at < 8 || memchr(letters, '\0', 8) == NULL ||
        letters[0] != 'z')
        return false;
    skip(&cie, strlen(letters) + 1);
    take_leb(&cie);
    take_leb(&cie);
    take_leb(&cie);
    take_leb(&cie); /* the length of what the letters stand for */
    for (const char *letter = letters + 1; *letter != '\0'; letter++)
        if (*letter == 'R')
            return take(&cie) == RELATIVE;
        else if (*letter == 'P')
            skip(&cie, (take(&cie) & 0x0f) == 0x0b ? 4 : 8);
        else if (*letter == 'L')
            take(&cie);
    return false;
}

static void
read_entries(struct counts *counts, const unsigned char *start, size_t size)
{
    struct bytes all = {start, start + size};
    uint32_t length;

    while ((length = take_word(&all)) != 0 && length != UINT32_MAX &&
           length <= (size_t)(all.end - all.at)) {
        struct bytes entry = {all.at, all.at + length};
        const unsigned char *here = entry.at;
        uint32_t back = take_word(&entry);
        struct bytes cie = {here - back, all.end};

        all.at += length;
        if (back == 0 || back > (size_t)(here - start))
            continue; /* a CIE, or damaged */
        skip(&cie, 8);
        if (!is_usual(cie))
            continue;
        skip(&entry, 8); /* the function's address and size */
        skip(&entry, take_leb(&entry));
        count(counts, entry);
    }
}

/* The bytes from .eh_frame to the end of its segment; for free(). */
static unsigned char *
read_section(const struct gruvid__image *image, const ElfW(Phdr) * header,
             size_t *size)
{
    unsigned char *start = gruvid__image_read_at(image, header->p_vaddr, 8);
    uint64_t address = header->p_vaddr + 4;
    int32_t distance = 0;
    bool usual = start != NULL && start[0] == 1 && start[1] == RELATIVE;

    if (usual)
        memcpy(&distance, start + 4, 4);
    free(start);
    address += (uint64_t)(int64_t)distance;
    for (unsigned i = 0; i < image->n_segments && usual; i++) {
        const ElfW(Phdr) *load = &image->segments[i];

        if (load->p_type != PT_LOAD || address < load->p_vaddr ||
            address - load->p_vaddr >= load->p_filesz)
            continue;
        *size = load->p_filesz - (address - load->p_vaddr);
        if (*size > MOST)
            *size = MOST;
        return gruvid__image_read_at(image, address, *size);
    }
    return NULL;
}

bool
frames_lack_pointers(const struct gruvid__image *image)
{
    struct counts counts = {0};

    for (unsigned i = 0; i < image->n_segments; i++) {
        size_t size = 0;
        unsigned char *section =
            image->segments[i].p_type == PT_GNU_EH_FRAME
                ? read_section(image, &image->segments[i], &size)
                : NULL;

        if (section != NULL)
            read_entries(&counts, section, size);
        free(section);
    }
    return counts.without > 0 && counts.with == 0;
}

#else

bool
frames_lack_pointers(const struct gruvid__image *image)
{
    (void)image;
    return false;
}

#endif
