/* SPDX-License-Identifier: MIT */
/* What a hub has for a trace of its switches: see trace.c. */
#ifndef GRUVI_CORE_TRACE_STATE_H
#define GRUVI_CORE_TRACE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include <gruvi/inspect.h>

struct gruvi__trace {
    gruvi__switch_t *ring; /* borrowed; NULL: it is not traced */
    size_t mask;           /* the size of the ring less 1 */
    uint64_t noted;
    const char *(*label)(const gruvi_fiber_t *fiber);
    uint8_t new_fibers; /* pending of those that are made: TRACED or 0 */
};

#endif
