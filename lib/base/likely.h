/* SPDX-License-Identifier: MIT */
/* What the compiler is told about branches, and calls. */
#ifndef GRUVI_BASE_LIKELY_H
#define GRUVI_BASE_LIKELY_H

#define gruvi__likely(x)   __builtin_expect(!!(x), 1)
#define gruvi__unlikely(x) __builtin_expect(!!(x), 0)

/* Behind the last call of a function: it does not jump there, but keeps its
 * frame. So stacks show its name; that of a function which is not exported is
 * unknown where the library is stripped. */
#define gruvi__keep_frame() __asm__ volatile("")

#endif
