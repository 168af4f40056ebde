/* SPDX-License-Identifier: MIT */
/*
 * The callers of code that keeps no frame pointer, such as libc's.
 *
 * The words of the stack are tried from below.  A word that leads from frame to
 * frame, each with a return address behind a call, to the outermost or through
 * three of them, is where a caller with frame pointers has its frame.  A word
 * below it may be a return address, or the rest of an old one: a guess.
 */
#include <stdbool.h>

#include <gruvi/inspect.h>

#include "base/walk.h"

/* Where the first frame is looked for, and how many guesses there may be. */
#define NEAR    256
#define GUESSES 8

/* Bytes in front of a return address that are looked at: a word. */
#define LONGEST_CALL 8

struct words {
    const uintptr_t *at;
    size_t n;
    uintptr_t low; /* address of the first */
};

bool
gruvi__follows_call(uintptr_t address)
{
    const gruvi__module_t *module = gruvi__module_at(address - 1);
    const unsigned char *code = (const unsigned char *)address;

    /* An object may have been unloaded since the last update of the list. */
    if (module == NULL || address - module->low < LONGEST_CALL ||
        !gruvi__is_readable(address - LONGEST_CALL))
        return false;
#if defined(__x86_64__)
    /* call rel32, or call through a register or memory: ff /2 */
    if (code[-5] == 0xe8)
        return true;
    for (int n = 2; n <= 7; n++)
        if (code[-n] == 0xff && (code[1 - n] & 0x38) == 0x10)
            return true;
    return false;
#elif defined(__aarch64__)
    /* bl, or blr */
    return (code[-1] & 0xfc) == 0x94 || (code[-1] == 0xd6 && code[-2] == 0x3f);
#else
    (void)code;
    return false;
#endif
}

/* The index of a word; n: it is none. */
static size_t
index_of(const struct words *words, uintptr_t address)
{
    if (address < words->low || address % sizeof address != 0)
        return words->n;
    address = (address - words->low) / sizeof address;
    return address < words->n ? (size_t)address : words->n;
}

/* Follow frames from a word on; returns how many there are.  end: set to the
 * word where no frame is any more. */
__attribute__((no_sanitize_address, no_sanitize_thread)) static unsigned
follow(const struct words *words, size_t i, gruvi__frames_t *frames,
       unsigned room, size_t *end)
{
    unsigned n = 0;

    while (i + 1 < words->n && n < room &&
           gruvi__follows_call(words->at[i + 1])) {
        size_t next = index_of(words, words->at[i]);

        if (frames != NULL)
            frames->at[frames->n++] = words->at[i + 1] - 1;
        n++;
        if (next <= i + 1)
            break;
        i = next;
    }
    *end = i;
    return n;
}

/* Nothing has called the outermost. */
__attribute__((no_sanitize_address, no_sanitize_thread)) static bool
is_outermost(const struct words *words, size_t i)
{
    return i + 1 < words->n && words->at[i + 1] == 0;
}

static size_t
find_frame(const struct words *words)
{
    for (size_t i = 0; i < NEAR && i < words->n; i++) {
        size_t end;
        unsigned n = follow(words, i, NULL, 3, &end);

        if (n == 3 || (n > 0 && is_outermost(words, end)))
            return i;
    }
    return words->n;
}

__attribute__((no_sanitize_address, no_sanitize_thread)) void
gruvi__scan(gruvi__frames_t *frames, const uintptr_t *at, size_t n,
            uintptr_t low)
{
    const struct words words = {at, n, low};
    size_t first = find_frame(&words), end;
    unsigned most = frames->n + GUESSES;

    if (first == n)
        return;
    for (size_t i = 0; i < first && frames->n < most; i++)
        if (gruvi__follows_call(at[i]))
            frames->at[frames->n++] = at[i] - 1;
    frames->note = frames->n > 1 ? "the first callers are guesses" : "";
    follow(&words, first, frames, GRUVI__MOST_FRAMES - frames->n, &end);
}
