/* SPDX-License-Identifier: MIT */
/* The poller: see poll.c. */
#ifndef GRUVI_CORE_POLL_H
#define GRUVI_CORE_POLL_H

#include <gruvi/poll.h>

gruvi_poller_t *gruvi__poller_new(gruvi_hub_t *hub);
void gruvi__poller_free(gruvi_poller_t *poller);

/* How many handles it keeps for sockets to come; for tests. */
int gruvi__poller_kept(const gruvi_poller_t *poller);

/*
 * As gruvi_poll_add(), in the hub's thread, for a non-blocking socket that is
 * the caller's until the watch was removed: none of this is looked at, which
 * saves the system calls.
 */
gruvi_watch_t *gruvi__poll_add_socket(gruvi_poller_t *poller, int fd,
                                      int events, gruvi_poll_fn fn, void *arg);

#endif
