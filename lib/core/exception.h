/* SPDX-License-Identifier: MIT */
/* Exceptions of C++ and of other languages: see exception.c. */
#ifndef GRUVI_CORE_EXCEPTION_H
#define GRUVI_CORE_EXCEPTION_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include <gruvi/base.h>

#include "base/likely.h"
#include "base/threads.h"
#include "core/thread.h"

/* Runtimes that a process may have: one for each plugin that brings its own. */
#define GRUVI__CXX_MAX 16

/* What the C++ ABI has for each thread (__cxa_eh_globals). */
struct gruvi__cxx_globals {
    void *caught; /* a list, by the runtime */
    unsigned uncaught;
};

/* The exceptions of a fiber that is away. */
struct gruvi__cxx_state {
    unsigned n;
    struct gruvi__cxx_saved {
        struct gruvi__cxx_globals *at, value;
    } of[GRUVI__CXX_MAX];
};

/* Changes when a runtime comes or goes; 0: there was none yet; atomic. */
extern unsigned gruvi__cxx_generation __attribute__((visibility("hidden")));

bool gruvi__cxx_busy_slowly(void);

/* Whether what runs in this thread has exceptions that are not over, or is
 * traced: what makes a switch unusual, by one look. */
static inline __attribute__((always_inline)) bool
gruvi__cxx_busy(void)
{
    unsigned now = gruvi__figure_load(&gruvi__cxx_generation);
    const struct gruvi__thread *self = &gruvi__self;

    if (gruvi__likely(now == 0))
        return false;
    return gruvi__unlikely(self->cxx_generation != now ||
                           self->cxx->caught != NULL ||
                           self->cxx->uncaught != 0) &&
           gruvi__cxx_busy_slowly();
}

/* Take the exceptions of this thread away, and give them back. */
void gruvi__cxx_take(struct gruvi__cxx_state *state);
void gruvi__cxx_give(const struct gruvi__cxx_state *state);

/* The hub of this thread is traced from now on, or not any more. */
void gruvi__cxx_trace(bool on);

/* A frame at which exceptions end: see gruvi__guard(). */
struct gruvi__guard {
    struct gruvi__guard **slot, *outer; /* where it is noted, what was there */
    gruvi__no_switch_t *section;
    uint16_t shield;
    bool ends; /* an exception has come here */
    jmp_buf env;
};

/*
 * Exceptions end at the function that has this in it, and at each call in it:
 * the unwinder asks the function named, a personality routine.
 *
 * (0x1b: relative to the place, four bytes.)
 */
#define GRUVI__ENDS_EXCEPTIONS(personality)                                    \
    __asm__ volatile(".cfi_personality 0x1b, " #personality)

/*
 * In front of such a routine.  A compiler that links (-flto) does not see that
 * it is used, and would make it local besides: ld takes two descriptions of
 * frames for one if all that differs is which local function they name.
 */
#define GRUVI__PERSONALITY __attribute__((used, visibility("hidden")))

/* What the unwinder asks, and what it may be told; by the ABI. */
#define GRUVI__UNWIND_SEARCH   1 /* actions: nothing is unwound yet */
#define GRUVI__UNWIND_FORCED   8 /* actions: of pthread_exit() and the like */
#define GRUVI__UNWIND_HANDLER  6 /* here it ends */
#define GRUVI__UNWIND_CONTINUE 8

struct gruvi__unwind_exception {
    uint64_t language;
    void (*cleanup)(int reason, struct gruvi__unwind_exception *exception);
    uintptr_t private_words[2];
};

/* Log an exception that has ended its function, and free it. */
void gruvi__exception_end(struct gruvi__unwind_exception *exception);

#endif
