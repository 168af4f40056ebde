/* SPDX-License-Identifier: MIT */
/* Stacks: whose they are, and as text. */
#ifndef GRUVID_TEST_STACKS_H
#define GRUVID_TEST_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOST_CALLS 12

/* Where a call came from: return addresses, the innermost first. */
struct calls {
    unsigned n;
    uintptr_t at[MOST_CALLS];
};

/* The code of the plugin.  What was loaded until now is known. */
void stacks_watch(uintptr_t start, uintptr_t end);

/* Whether an address is in gruvi, or in the host, which has it in itself. */
bool is_gruvis(uintptr_t address);

/* Whether the running fiber is one of the plugin's. */
bool in_plugin_fiber(void);

/*
 * The callers of a function of this program.
 *
 *   frame   its __builtin_frame_address(0)
 *   caller  its __builtin_return_address(0)
 *
 * Returns whether the plugin is among them.
 * Context: any thread.
 */
bool stacks_take(struct calls *calls, const void *frame, const void *caller);

/*
 * Whether a call is the plugin's own, or that of gruvi or the C library for it:
 * no other library is in between.
 *
 *   calls  by stacks_take(), which has returned true
 *   frame  the same as there
 */
bool stacks_own(const struct calls *calls, const void *frame);

/* Write them into size bytes, with the functions of the plugin by name. */
void stacks_text(const struct calls *calls, char *text, size_t size);

/* Tell the fibers of plugins, with what they wait for, and their stacks. */
void tell_fibers(void);

#endif
