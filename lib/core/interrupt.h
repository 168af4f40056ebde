/* SPDX-License-Identifier: MIT */
/* SIGINT: see interrupt.c. */
#ifndef GRUVI_CORE_INTERRUPT_H
#define GRUVI_CORE_INTERRUPT_H

#include <gruvi/base.h>

void gruvi__sigint_listen(gruvi_hub_t *hub);
void gruvi__sigint_unlisten(gruvi_hub_t *hub);

#endif
