/* SPDX-License-Identifier: MIT */
/*
 * The stack of this thread, for a failed assertion.
 */
#ifndef GRUVI_BASE_BACKTRACE_H
#define GRUVI_BASE_BACKTRACE_H

/* Print it on stderr. */
void gruvi__backtrace_print(void);

#endif
