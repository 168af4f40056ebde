/* SPDX-License-Identifier: MIT */
/* The error that a fiber ends with: see uncaught.c. */
#ifndef GRUVI_CORE_UNCAUGHT_H
#define GRUVI_CORE_UNCAUGHT_H

#include <gruvi/base.h>

void gruvi__uncaught(gruvi_fiber_t *fiber, int status);

#endif
