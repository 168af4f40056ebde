/* SPDX-License-Identifier: MIT */
/*
 * Walks along frame pointers, within the bounds of a stack: see walk.c.  All of
 * it but gruvi__walk_this_thread() is async-signal-safe.
 */
#ifndef GRUVI_BASE_WALK_H
#define GRUVI_BASE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi/inspect.h>

struct gruvi__registers {
    uintptr_t pc, fp, sp;
    uintptr_t lr; /* aarch64: where a function returns to that has saved nothing
                     yet; 0: not known, as on other processors */
};

/* What a signal has interrupted.  False: the processor is not known. */
bool gruvi__registers_of(const void *ucontext,
                         struct gruvi__registers *registers);

/* A return address may be signed, in bits that no address has. */
uintptr_t gruvi__without_signature(uintptr_t address);

/* Whether the signal interrupted a handler on the alternate stack. */
bool gruvi__in_alternate_stack(const void *ucontext, uintptr_t sp);

/*
 * Add the callers of the frame at fp.  The words of frames lie from low up to
 * high, and each frame above the one before.
 */
void gruvi__walk(uintptr_t fp, uintptr_t low, uintptr_t high,
                 gruvi__frames_t *frames);

/*
 * Where the calling thread's own stack ends, with sp on it; 0 where that is not
 * known and sp is on no stack at all.
 */
uintptr_t gruvi__thread_stack_high(uintptr_t sp);

/* Whether a call lies in front of an address: it may be a return address. */
bool gruvi__follows_call(uintptr_t address);

/* Whether the word at an address may be read. */
bool gruvi__is_readable(uintptr_t address);

/* The same for size bytes, page by page. */
bool gruvi__is_mapped(uintptr_t address, size_t size);

#endif
