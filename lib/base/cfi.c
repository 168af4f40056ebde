/* SPDX-License-Identifier: MIT */
/*
 * From a function to its caller by call frame information, which compilers
 * write for exceptions.  It knows the callers of code without frame pointers,
 * libc's say, which frame pointers skip.
 *
 *   .eh_frame_hdr   a sorted table: functions, and their descriptions (FDE)
 *   FDE             from where to where; a program
 *   CIE             what the programs of several have in common
 *   program         where the frame ends (CFA), by sp or fp, and where the
 *                   caller's fp and pc were saved, at each instruction
 *
 * An unwinder does the same and takes locks; this one reads what is mapped, and
 * understands what compilers write for ordinary functions.  Where something
 * else comes it gives up.  Nothing read from a stack is believed to lie on it.
 */
#include "base/cfi.h"

#include <string.h>

#include "base/modules.h"

/* The processor's numbers of registers, by its ABI.  The return address of
 * aarch64 is in a register until it is saved.  The red zone are the bytes below
 * the stack pointer that are the function's own, also while a signal is
 * handled. */
#if defined(__x86_64__)
#define REG_FP   6
#define REG_SP   7
#define REG_PC   16
#define RED_ZONE 128
#elif defined(__aarch64__)
#define REG_FP   29
#define REG_SP   31
#define REG_PC   30
#define RED_ZONE 0
#endif

#ifdef REG_PC

#define STATES 8 /* that a program may remember */

/* Encodings of pointers. */
#define PCREL_SDATA4   0x1b
#define DATAREL_SDATA4 0x3b

/* Bytes that are read one after another. */
struct reader {
    const uint8_t *at, *end;
    bool failed;
};

enum rule { SAME, SAVED, LOST };

/* Where the caller's registers are. */
struct state {
    unsigned cfa_register;
    int64_t cfa_offset;
    enum rule fp, pc;
    int64_t fp_at, pc_at; /* by the CFA */
};

struct program {
    uint64_t code_align;
    int64_t data_align;
    uintptr_t at; /* the function's beginning, then where the state holds */
    uintptr_t pc; /* the state is wanted for this */
    bool unknown; /* something that is not understood */
    struct state state, initial, kept[STATES];
    unsigned n_kept;
};

/* --- reading ---------------------------------------------------------------
 */

static uint64_t
read_bytes(struct reader *reader, size_t n)
{
    uint64_t value = 0;

    if ((size_t)(reader->end - reader->at) < n) {
        reader->failed = true;
        reader->at = reader->end;
        return 0;
    }
    memcpy(&value, reader->at, n); /* the processor is little-endian */
    reader->at += n;
    return value;
}

/* A number in pieces of seven bits, the low ones first.  Returns how many bits
 * there were. */
static unsigned
read_pieces(struct reader *reader, uint64_t *value)
{
    uint64_t byte;
    unsigned shift = 0;

    *value = 0;
    do {
        byte = read_bytes(reader, 1);
        if (shift < 64)
            *value |= (byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return shift;
}

static uint64_t
read_unsigned(struct reader *reader)
{
    uint64_t value;

    read_pieces(reader, &value);
    return value;
}

static int64_t
read_signed(struct reader *reader)
{
    uint64_t value;
    unsigned bits = read_pieces(reader, &value);

    if (bits < 64 && (value >> (bits - 1) & 1))
        value |= ~UINT64_C(0) << bits;
    return (int64_t)value;
}

/* A product that no damaged table lets overflow. */
static int64_t
scaled(uint64_t n, int64_t by)
{
    return (int64_t)(n * (uint64_t)by);
}

static uintptr_t
read_pcrel(struct reader *reader)
{
    uintptr_t base = (uintptr_t)reader->at;

    return base + (uintptr_t)(int64_t)(int32_t)read_bytes(reader, 4);
}

/* An entry of .eh_frame, without its length. */
static bool
read_entry(uintptr_t address, struct reader *entry)
{
    uint32_t length;

    if (!gruvi__is_readable(address))
        return false;
    memcpy(&length, (const void *)address, sizeof length);
    if (length < 4 || length > 1 << 16 ||
        !gruvi__is_mapped(address, sizeof length + length))
        return false;
    *entry = (struct reader){
        .at = (const uint8_t *)address + 4,
        .end = (const uint8_t *)address + 4 + length,
    };
    return true;
}

/* --- the table
 * ---------------------------------------------------------------- */

/* The entry of the last function that begins at an address or before, or 0. */
static uintptr_t
find_entry(const struct gruvi__cfi *cfi, uintptr_t address)
{
    const uint8_t *header = (const uint8_t *)cfi->index;
    const int32_t *table = (const void *)(cfi->index + 12);
    size_t low = 0, high;
    uint32_t n;

    if (cfi->size < 12 || !gruvi__is_readable(cfi->index) ||
        !gruvi__is_readable(cfi->index + cfi->size - 1) || header[0] != 1 ||
        header[1] != PCREL_SDATA4 || header[2] != 0x03 ||
        header[3] != DATAREL_SDATA4)
        return 0;
    memcpy(&n, header + 8, sizeof n);
    if (n == 0 || n > (cfi->size - 12) / 8)
        return 0;
    for (high = n; high - low > 1;) {
        size_t middle = low + (high - low) / 2;

        if (cfi->index + (uintptr_t)(int64_t)table[2 * middle] <= address)
            low = middle;
        else
            high = middle;
    }
    return cfi->index + (uintptr_t)(int64_t)table[2 * low + 1];
}

/* --- the program
 * ----------------------------------------------------------------- */

static void
set_rule(struct program *program, uint64_t reg, enum rule rule, int64_t at)
{
    if (reg == REG_FP) {
        program->state.fp = rule;
        program->state.fp_at = at;
    } else if (reg == REG_PC) {
        program->state.pc = rule;
        program->state.pc_at = at;
    }
}

static void
restore(struct program *program, uint64_t reg)
{
    const struct state *initial = &program->initial;

    if (reg == REG_FP)
        set_rule(program, reg, initial->fp, initial->fp_at);
    else if (reg == REG_PC)
        set_rule(program, reg, initial->pc, initial->pc_at);
}

static void
set_cfa(struct program *program, uint64_t reg, int64_t offset)
{
    program->state.cfa_register = (unsigned)reg;
    program->state.cfa_offset = offset;
}

static void
keep(struct program *program)
{
    if (program->n_kept < STATES)
        program->kept[program->n_kept++] = program->state;
    else
        program->unknown = true;
}

static void
take_back(struct program *program)
{
    if (program->n_kept > 0)
        program->state = program->kept[--program->n_kept];
    else
        program->unknown = true;
}

/* An instruction without an operand in its own byte. */
static void
run_extended(struct program *program, struct reader *code, unsigned op)
{
    uint64_t reg;

    switch (op) {
    case 0x00: /* nop */
        break;
    case 0x02: /* advance_loc1, 2, 4 */
    case 0x03:
    case 0x04:
        program->at +=
            read_bytes(code, (size_t)1 << (op - 2)) * program->code_align;
        break;
    case 0x05: /* offset_extended */
        reg = read_unsigned(code);
        set_rule(program, reg, SAVED,
                 scaled(read_unsigned(code), program->data_align));
        break;
    case 0x06: /* restore_extended */
        restore(program, read_unsigned(code));
        break;
    case 0x07: /* undefined */
        set_rule(program, read_unsigned(code), LOST, 0);
        break;
    case 0x08: /* same_value */
        set_rule(program, read_unsigned(code), SAME, 0);
        break;
    case 0x0a:
        keep(program);
        break;
    case 0x0b:
        take_back(program);
        break;
    case 0x0c: /* def_cfa */
        reg = read_unsigned(code);
        set_cfa(program, reg, (int64_t)read_unsigned(code));
        break;
    case 0x0d: /* def_cfa_register */
        program->state.cfa_register = (unsigned)read_unsigned(code);
        break;
    case 0x0e: /* def_cfa_offset */
        program->state.cfa_offset = (int64_t)read_unsigned(code);
        break;
    case 0x11: /* offset_extended_sf */
        reg = read_unsigned(code);
        set_rule(program, reg, SAVED,
                 scaled((uint64_t)read_signed(code), program->data_align));
        break;
    case 0x2e: /* the size of arguments */
        read_unsigned(code);
        break;
#if defined(__aarch64__)
    case 0x2d: /* the return address is signed from here on, or not any more */
        break;
#endif
    default:
        program->unknown = true;
    }
}

/* As far as the program goes for the address that it is about. */
static void
run(struct program *program, struct reader *code)
{
    while (code->at < code->end && !code->failed && !program->unknown &&
           program->at <= program->pc) {
        unsigned byte = (unsigned)read_bytes(code, 1), low = byte & 0x3f;

        switch (byte & 0xc0) {
        case 0x40: /* advance_loc */
            program->at += low * program->code_align;
            break;
        case 0x80: /* offset */
            set_rule(program, low, SAVED,
                     scaled(read_unsigned(code), program->data_align));
            break;
        case 0xc0:
            restore(program, low);
            break;
        default:
            run_extended(program, code, low);
        }
    }
    program->unknown = program->unknown || code->failed;
}

/* --- CIE and FDE
 * ------------------------------------------------------------------ */

/* What follows the letter z: only what is known is passed over. */
static bool
pass_augmentation(struct reader *cie, const char *letters)
{
    uint64_t length = read_unsigned(cie);
    const uint8_t *end;

    if (length > (uint64_t)(cie->end - cie->at))
        return false;
    end = cie->at + length;
    for (; *letters != '\0'; letters++)
        switch (*letters) {
        case 'R': /* how an FDE says where its function is */
            if (read_bytes(cie, 1) != PCREL_SDATA4)
                return false;
            break;
        case 'P': /* a personality routine; mostly by four bytes */
            if ((read_bytes(cie, 1) & 0x0f) != 0x0b)
                return false;
            read_bytes(cie, 4);
            break;
        case 'L':
            read_bytes(cie, 1);
            break;
        case 'B': /* which key signs return addresses */
            break;
        default: /* S: the frame of a signal */
            return false;
        }
    cie->at = end;
    return !cie->failed;
}

static bool
read_cie(uintptr_t address, struct program *program)
{
    struct reader cie;
    char letters[8];
    size_t n = 0;
    uint64_t version;

    if (!read_entry(address, &cie) || read_bytes(&cie, 4) != 0)
        return false;
    version = read_bytes(&cie, 1);
    while (n < sizeof letters &&
           (letters[n] = (char)read_bytes(&cie, 1)) != '\0')
        n++;
    if ((version != 1 && version != 3) || n == sizeof letters ||
        letters[0] != 'z')
        return false;
    program->code_align = read_unsigned(&cie);
    program->data_align = read_signed(&cie);
    if ((version == 1 ? read_bytes(&cie, 1) : read_unsigned(&cie)) != REG_PC ||
        !pass_augmentation(&cie, letters + 1))
        return false;
    run(program, &cie);
    program->initial = program->state;
    return !program->unknown;
}

/* The state at program->pc; false: nothing is known. */
static bool
find_state(uintptr_t address, struct program *program)
{
    struct reader fde;
    uintptr_t cie, begin, size;
    uint64_t skip;

    if (address == 0 || !read_entry(address, &fde))
        return false;
    cie = (uintptr_t)fde.at;
    cie -= read_bytes(&fde, 4);
    program->at = 0;
    if (!read_cie(cie, program))
        return false;
    begin = read_pcrel(&fde);
    size = read_bytes(&fde, 4);
    skip = read_unsigned(&fde);
    if (fde.failed || program->pc - begin >= size ||
        skip > (uint64_t)(fde.end - fde.at))
        return false;
    fde.at += skip;
    program->at = begin;
    run(program, &fde);
    return !program->unknown;
}

/* --- the step
 * ---------------------------------------------------------------------- */

#define LEAST_PAGE 4096

/* A word of the stack. */
__attribute__((no_sanitize_address, no_sanitize_thread)) static bool
read_word(uintptr_t at, uintptr_t low, uintptr_t high, uintptr_t *word)
{
    if (at % sizeof at != 0 || at < low || high < sizeof at ||
        at > high - sizeof at)
        return false;
    *word = *(const uintptr_t *)at;
    return true;
}

/* Where the caller goes on: on the stack, or where it was put by the call. */
static bool
find_pc(const struct program *program, struct gruvi__registers *caller,
        uintptr_t cfa, uintptr_t low, uintptr_t high)
{
    const struct state *state = &program->state;

    if (state->pc == SAME && caller->lr != 0 && cfa >= caller->sp)
        caller->pc = caller->lr;
    else if (state->pc != SAVED || cfa <= caller->sp ||
             !read_word(cfa + (uintptr_t)state->pc_at, low, high, &caller->pc))
        return false;
    caller->pc = gruvi__without_signature(caller->pc);
    caller->lr = 0;
    return true;
}

/* A function that is about to return has popped the register, and compilers go
 * on to say that it is where it was pushed.  There it is, in the red zone.  Of
 * that the rest of a page is sure to be mapped. */
static uintptr_t
below(uintptr_t sp)
{
    uintptr_t rest = sp % LEAST_PAGE, size = RED_ZONE;

    return sp - (rest < size ? rest : size);
}

static bool
find_fp(const struct program *program, struct gruvi__registers *caller,
        uintptr_t cfa, uintptr_t low, uintptr_t high)
{
    const struct state *state = &program->state;

    return state->fp != SAVED ||
           read_word(cfa + (uintptr_t)state->fp_at, low, high, &caller->fp);
}

enum gruvi__cfi_result
gruvi__cfi_step(struct gruvi__registers *at, uintptr_t low, uintptr_t high,
                bool innermost)
{
    struct program program = {.pc = innermost ? at->pc : at->pc - 1};
    const struct gruvi__loaded *loaded = gruvi__loaded_at(program.pc);
    struct gruvi__registers caller = *at;
    const struct state *state = &program.state;
    uintptr_t cfa;

    if (loaded == NULL || loaded->cfi.index == 0 ||
        !find_state(find_entry(&loaded->cfi, program.pc), &program))
        return GRUVI__CFI_UNKNOWN;
    if (state->pc == LOST)
        return GRUVI__CFI_OUTERMOST;
    if (state->cfa_register != REG_SP && state->cfa_register != REG_FP)
        return GRUVI__CFI_UNKNOWN;
    cfa = (state->cfa_register == REG_SP ? at->sp : at->fp) +
          (uintptr_t)state->cfa_offset;
    if (cfa > high || !find_pc(&program, &caller, cfa, low, high) ||
        !find_fp(&program, &caller, cfa,
                 innermost && low == at->sp ? below(low) : low, high))
        return GRUVI__CFI_UNKNOWN;
    caller.sp = cfa;
    *at = caller;
    return GRUVI__CFI_CALLER;
}

#else

enum gruvi__cfi_result
gruvi__cfi_step(struct gruvi__registers *at, uintptr_t low, uintptr_t high,
                bool innermost)
{
    (void)at;
    (void)low;
    (void)high;
    (void)innermost;
    return GRUVI__CFI_UNKNOWN;
}

#endif
