/* SPDX-License-Identifier: MIT */
/*
 * Peer credentials.  The kernel keeps those that the peer had when it
 * connected.
 *
 * SO_PEERCRED has one group, the effective one; a user's other groups come from
 * SO_PEERGROUPS.  A uid that has no name in our user namespace is shown as
 * 65534, so this number may be anybody: it is never gruvid's own user, even
 * where gruvid itself runs as 65534.
 */
#include "control/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <uv.h>

/* Of the kernel: what it shows in place of an id that it cannot map. */
#define OVERFLOW_ID 65534

/* A user is seldom in more; the kernel allows NGROUPS_MAX, 65536. */
#define USUAL_GROUPS 64

static bool
contains(const gid_t *groups, size_t n, gid_t group)
{
    for (size_t i = 0; i < n; i++)
        if (groups[i] == group)
            return true;
    return false;
}

static bool
is_member(int fd, gid_t group)
{
    gid_t usual[USUAL_GROUPS], *groups = usual;
    socklen_t size = sizeof usual;
    bool found = false;
    int failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);

    if (failed && errno == ERANGE && (groups = malloc(size)) != NULL)
        failed = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size);
    if (!failed)
        found = contains(groups, size / sizeof *groups, group);
    if (groups != usual)
        free(groups);
    return found;
}

static bool
may_act(uid_t uid)
{
    return uid == 0 || (uid == geteuid() && uid != OVERFLOW_ID);
}

int
gruvid__peer_read(struct gruvid__peer *peer, int fd, gid_t group)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;

    *peer = (struct gruvid__peer){.uid = OVERFLOW_ID};
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
        return uv_translate_sys_error(errno);
    peer->pid = credentials.pid;
    peer->uid = credentials.uid;
    if (may_act(credentials.uid))
        peer->may = GRUVID__MAY_ACT;
    else if (group != OVERFLOW_ID &&
             (credentials.gid == group || is_member(fd, group)))
        peer->may = GRUVID__MAY_LOOK;
    return 0;
}

const char *
gruvid__peer_text(const struct gruvid__peer *peer, char *buf, size_t size)
{
    if (peer->pid > 0)
        snprintf(buf, size, "uid %u, pid %d", (unsigned)peer->uid,
                 (int)peer->pid);
    else
        snprintf(buf, size, "uid %u", (unsigned)peer->uid);
    return buf;
}
