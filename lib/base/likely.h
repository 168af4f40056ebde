/* SPDX-License-Identifier: MIT */
/* What the compiler is told about branches. */
#ifndef GRUVI_BASE_LIKELY_H
#define GRUVI_BASE_LIKELY_H

#define gruvi__likely(x)   __builtin_expect(!!(x), 1)
#define gruvi__unlikely(x) __builtin_expect(!!(x), 0)

#endif
