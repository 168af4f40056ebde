/* SPDX-License-Identifier: MIT */
/* What debuggers are told: see debug.c, and gruvi/inspect.h. */
#ifndef GRUVI_CORE_DEBUG_H
#define GRUVI_CORE_DEBUG_H

#include <gruvi/base.h>

/* The hub of this thread is on the list of all hubs, until it is closed. */
void gruvi__debug_add(gruvi_hub_t *hub);
void gruvi__debug_remove(gruvi_hub_t *hub);

#endif
