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

/* For tests: how many handles it keeps for later sockets. */
int gruvi__poller_kept(const gruvi_poller_t *poller);

/*
 * gruvi_poll_add() without its checks, which cost system calls: the caller is
 * in the hub's thread, and fd is a non-blocking socket that stays open until
 * the watch is removed.
 */
gruvi_watch_t *gruvi__poll_add_socket(gruvi_poller_t *poller, int fd,
                                      int events, gruvi_poll_fn fn, void *arg);

#endif
