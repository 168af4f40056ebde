/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a control connection. */
#ifndef GRUVID_CONTROL_PEER_H
#define GRUVID_CONTROL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a user may do; each includes what is before it. */
enum gruvid__may {
    GRUVID__MAY_NOTHING,
    GRUVID__MAY_LOOK, /* members of the socket's group */
    GRUVID__MAY_ACT   /* root, and gruvid's own user */
};

struct gruvid__peer {
    pid_t pid; /* 0: of another PID namespace */
    uid_t uid;
    enum gruvid__may may;
};

/*
 * Ask the kernel for the user and process that have connected.
 *
 *   fd     of the connection
 *   group  whose members may look
 *
 * Returns 0.
 * Errors:  those of getsockopt(); *peer may do nothing then.
 * Context: any thread.
 */
int gruvid__peer_read(struct gruvid__peer *peer, int fd, gid_t group);

/* "uid 0, pid 4711", for the log.  Returns buf. */
const char *gruvid__peer_text(const struct gruvid__peer *peer, char *buf,
                              size_t size);

#endif
