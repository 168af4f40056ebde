/* SPDX-License-Identifier: MIT */
/* The poller: see poll.c. */
#ifndef GRUVI_CORE_POLL_H
#define GRUVI_CORE_POLL_H

#include <gruvi/poll.h>

gruvi_poller_t *gruvi__poller_new(gruvi_hub_t *hub);
void gruvi__poller_free(gruvi_poller_t *poller);

/* Before the loop runs: descriptors that have been closed since somebody began
 * to wait for them are errors of the watches. */
void gruvi__poller_check(gruvi_poller_t *poller);

#endif
