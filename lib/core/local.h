/* SPDX-License-Identifier: MIT */
/* Fiber-local data: see local.c. */
#ifndef GRUVI_CORE_LOCAL_H
#define GRUVI_CORE_LOCAL_H

#include <gruvi/base.h>

/* Run the destroyers of a fiber that ends. */
void gruvi__local_end(gruvi_fiber_t *fiber);

/* A hub is closed, and keeps no memory any more. */
void gruvi__local_forget(gruvi_hub_t *hub);

#endif
