/* SPDX-License-Identifier: MIT */
/*
 * From a function to its caller by call frame information: see cfi.c.
 * Async-signal-safe.
 */
#ifndef GRUVI_BASE_CFI_H
#define GRUVI_BASE_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/walk.h"

/* The information of an object, where it is mapped. */
struct gruvi__cfi {
    uintptr_t index; /* .eh_frame_hdr; 0: there is none */
    size_t size;
};

enum gruvi__cfi_result {
    GRUVI__CFI_CALLER,    /* at is the caller now */
    GRUVI__CFI_OUTERMOST, /* nothing has called this */
    GRUVI__CFI_UNKNOWN
};

/*
 * Go from a frame to its caller.
 *
 *   at         registers there; the caller's where it is known, else as before
 *   low, high  where words of the stack may be read; where low is the stack
 *              pointer of the innermost frame its red zone may be, too
 *   innermost  pc is where the function goes on; else it is behind a call
 */
enum gruvi__cfi_result gruvi__cfi_step(struct gruvi__registers *at,
                                       uintptr_t low, uintptr_t high,
                                       bool innermost);

#endif
