/* SPDX-License-Identifier: MIT */
/*
 * Switchpoints, and sections in which none may be called.
 *
 * Between two switchpoints a fiber has its thread to itself, and needs no
 * locks.  So a reader of the code has to see where the switchpoints are: every
 * function that may switch is declared with GRUVI_SWITCHPOINT, and begins with
 * gruvi_switchpoint().
 */
#ifndef GRUVI_SWITCHPOINT_H
#define GRUVI_SWITCHPOINT_H

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

/*
 * On a declaration or a definition: this function may switch.  On a pointer to
 * a function (a type, a member, an argument, a variable): what it points to may.
 * A pointer without it is to functions that must not switch.
 *
 * Compilers that keep annotations carry it into the object code for tools, of
 * which gruvi-check(1) is one.
 */
#if defined(__clang__)
#define GRUVI_SWITCHPOINT __attribute__((annotate("gruvi_switchpoint")))
#else
#define GRUVI_SWITCHPOINT
#endif

/*
 * On a variable or a member: several fibers use it, so what was read of it may
 * have changed after a switchpoint.  For tools, as above; variables at file scope
 * need it only if no code of the same file writes them.
 */
#if defined(__clang__)
#define GRUVI_SHARED __attribute__((annotate("gruvi_shared")))
#else
#define GRUVI_SHARED
#endif

/*
 * The first statement of a switchpoint's body: asserts that switching is
 * allowed here, that is outside no-switch sections and hub callbacks.
 *
 * Context: any thread.
 */
#define gruvi_switchpoint() ((void)gruvi__switchpoint(__func__))

/*
 * A block in which no switch may happen and no switchpoint may be called, not
 * even a switchpoint that would not have to wait:
 *
 *     GRUVI_ASSERT_NO_SWITCHPOINTS {
 *         account->balance -= amount;
 *         other->balance += amount;
 *     }
 *
 * Nests; counts for this thread; ends on every way out of the block, also by
 * return and goto.  It is a loop that runs once: break and continue leave the
 * block, not a loop around it.
 *
 * Context: any thread.
 */
#define GRUVI_ASSERT_NO_SWITCHPOINTS GRUVI__NO_SWITCHPOINTS(__COUNTER__)

/*
 * What happens when an assertion of the library fails.
 *
 *   message  names the switchpoint, the fiber, and the file and line where
 *            the no-switch section was entered; valid during the call
 *
 * The default prints the message and a backtrace on stderr and aborts.  When
 * a handler returns, the switchpoint returns UV_EPERM and has not switched.
 */
typedef void (*gruvi_assert_fn)(const char *message);

/*
 * Install an assertion handler for the whole process.
 *
 *   handler  NULL: the default
 *
 * Returns the handler that it replaces, NULL for the default.
 * Context: any thread.
 */
GRUVI_API gruvi_assert_fn gruvi_set_assert_handler(gruvi_assert_fn handler);

/* Behind the macros above; do not use. */
#define GRUVI__NO_SWITCHPOINTS(n)                                              \
    for (gruvi__no_switch_t GRUVI__PASTE(gruvi__section_, n)                   \
             __attribute__((cleanup(gruvi__no_switch_exit))),                  \
         *GRUVI__PASTE(gruvi__once_, n) = gruvi__no_switch_enter(              \
             &GRUVI__PASTE(gruvi__section_, n), __FILE__, __LINE__);           \
         GRUVI__PASTE(gruvi__once_, n); GRUVI__PASTE(gruvi__once_, n) = NULL)

typedef struct gruvi__no_switch {
    struct gruvi__no_switch *outer;
    const char *file;
    int line;
} gruvi__no_switch_t;

GRUVI_API int gruvi__switchpoint(const char *function);
GRUVI_API gruvi__no_switch_t *
gruvi__no_switch_enter(gruvi__no_switch_t *section, const char *file, int line);
GRUVI_API void gruvi__no_switch_exit(gruvi__no_switch_t *section);

GRUVI_END_DECLS

#endif
