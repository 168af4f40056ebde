/* SPDX-License-Identifier: MIT */
/*
 * A shadow stack is the processor's own copy of all return addresses (SHSTK on
 * x86-64, GCS on aarch64).  A return to an address that is not the last one
 * there ends the process.  Our switches go from stack to stack and leave it as
 * it is, so the first return of another fiber would be to such an address.
 */
#ifndef GRUVI_BASE_SHADOW_STACK_H
#define GRUVI_BASE_SHADOW_STACK_H

#include <stdbool.h>

/* Whether this thread has a shadow stack, and switches that do not know it. */
bool gruvi__shadow_stack_in_the_way(void);

/* For tests: as if there was one. */
void gruvi__shadow_stack_pretend(bool there_is);

#endif
