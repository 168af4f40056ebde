/* SPDX-License-Identifier: MIT */
/* What tells this process from all others, also of other machines. */
#ifndef NATS_PROCESS_ID_H
#define NATS_PROCESS_ID_H

#include <stddef.h>

/* Write it: hexadecimal digits, the same for as long as the process runs, and
 * for each build of a plugin in it. */
void nats_process_id(char *text, size_t room);

#endif
