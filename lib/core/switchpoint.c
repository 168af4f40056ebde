/* SPDX-License-Identifier: MIT */
/*
 * No-switch sections, and what happens when an assertion fails.
 *
 * A section is a record on its function's stack, linked from the thread: since
 * no switch can happen inside, all of a thread's sections belong to the fiber
 * that runs.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <gruvi/fiber.h>
#include <gruvi/switchpoint.h>

#include "base/backtrace.h"
#include "base/likely.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/switchpoint.h"
#include "core/testing.h"
#include "core/thread.h"

static gruvi_assert_fn assert_handler; /* atomic; NULL: the default */

gruvi_assert_fn
gruvi_set_assert_handler(gruvi_assert_fn handler)
{
    return gruvi__atomic_exchange(&assert_handler, handler, __ATOMIC_ACQ_REL);
}

int
gruvi__assert_failed(const char *format, ...)
{
    gruvi_assert_fn handler =
        gruvi__atomic_load(&assert_handler, __ATOMIC_ACQUIRE);
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (handler == NULL) {
        fprintf(stderr, "gruvi: assertion failed: %s\n", message);
        gruvi__backtrace_print();
        abort();
    }
    handler(message);
    return UV_EPERM;
}

static const char *
current_name(void)
{
    const gruvi_fiber_t *current = gruvi__self.current;

    return current == NULL ? "Root" : gruvi_fiber_name(current);
}

int
gruvi__switchpoint(const char *function)
{
    const gruvi__no_switch_t *section = gruvi__self.section;

    if (gruvi__unlikely(section != NULL && section != &gruvi__test_section))
        return gruvi__assert_failed(
            "switchpoint %s() called by fiber %s inside the no-switch section "
            "entered at %s:%d",
            function, current_name(), section->file, section->line);
    if (gruvi__unlikely(gruvi__in_callback()))
        return gruvi__assert_failed(
            "switchpoint %s() called in a callback of the hub; start a fiber "
            "for what has to wait (fiber %s)",
            function, current_name());
    return 0;
}

gruvi__no_switch_t *
gruvi__no_switch_enter(gruvi__no_switch_t *section, const char *file, int line)
{
    section->outer = gruvi__self.section;
    section->file = file;
    section->line = line;
    gruvi__self.section = section;
    return section;
}

void
gruvi__no_switch_exit(gruvi__no_switch_t *section)
{
    gruvi__self.section = section->outer;
}
