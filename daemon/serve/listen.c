/* SPDX-License-Identifier: MIT */
/*
 * Doors: the addresses of a section, opened before anything of a plugin runs,
 * and as root if gruvid is.
 *
 *   first hub        bind     without SO_REUSEPORT, so that an address that is
 *                             taken is an error, whoever has taken it and how
 *                    listen
 *                    allow    SO_REUSEPORT: by now it is ours
 *   the other hubs   bind, listen    with it
 *
 * That is how several hubs listen on one TCP port: each has a queue of its own,
 * over which the kernel spreads the connections.  A Unix socket has one queue,
 * and so has what was inherited: there they listen on one socket, and the first
 * to come gets the connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "instance/instance.h"

static const char *
hint(const char *address, int err)
{
    if (strncmp(address, "fd:", 3) == 0 &&
        (err == UV_EBADF || err == UV_ENOTSOCK || err == UV_EINVAL))
        return "; it wants a socket that listens, inherited from whoever "
               "starts gruvid";
    switch (err) {
    case UV_EADDRINUSE:
        return "; stop who has it, or give another with listen";
    case UV_EACCES:
        return "; ports below 1024 want root or CAP_NET_BIND_SERVICE";
    case UV_EADDRNOTAVAIL:
        return "; it is none of this machine's addresses";
    default:
        return "";
    }
}

static int
share_port(struct gruvid__door *door)
{
    int on = 1;

    door->reuse_port = true;
    if (setsockopt(gruvi_listener_fd(door->listener), SOL_SOCKET, SO_REUSEPORT,
                   &on, sizeof on) < 0)
        return uv_translate_sys_error(errno);
    /* With the port and the address it got. */
    return gruvi_listener_address(door->listener, door->shared,
                                  sizeof door->shared);
}

static int
share(struct gruvid__door *door)
{
    int fd = gruvi_listener_fd(door->listener);
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } at;
    socklen_t length = sizeof at;

    if (getsockname(fd, &at.any, &length) < 0)
        return uv_translate_sys_error(errno);
    if (at.any.sa_family != AF_UNIX && strncmp(door->address, "fd:", 3) != 0)
        return share_port(door);
    snprintf(door->shared, sizeof door->shared, "fd:%d", fd);
    return 0;
}

/* first: the door of the first part that this one is to be like; or NULL. */
static int
open_door(struct gruvid__door *door, const struct gruvid__door *first)
{
    gruvi_listen_options_t options = {0};
    const char *address = door->address;
    int err;

    if (first != NULL) {
        address = first->shared;
        options.reuse_port = first->reuse_port;
    }
    if (gruvid__is_tls(address)) {
        /* One for all hubs: whichever a client meets resumes its session. */
        door->tls = first != NULL
                        ? gruvi_tls_ref(first->tls)
                        : gruvid__section_tls(door->part->plugin->section);
        if (door->tls == NULL)
            return gruvi_last_error();
        options.tls = door->tls;
    }
    err = gruvi_listen(&door->listener, address, &options);
    if (err == 0 && first == NULL && door->part->plugin->n_parts > 1)
        err = share(door);
    return err;
}

int
gruvid__doors_open(struct gruvid__part *part)
{
    const gruvid_plugin_t *plugin = part->plugin;
    const char *const *addresses =
        gruvid__section_list(plugin->section, "listen", NULL);
    const struct gruvid__part *first = &plugin->parts[0];
    int err = 0;

    part->doors = calloc(plugin->n_doors, sizeof *part->doors);
    if (part->doors == NULL)
        return UV_ENOMEM;
    for (size_t i = 0; i < plugin->n_doors && err == 0; i++) {
        struct gruvid__door *door = &part->doors[i];

        door->part = part;
        door->address = addresses[i];
        part->culprit = door;
        err = open_door(door, part == first ? NULL : &first->doors[i]);
    }
    return err;
}

void
gruvid__doors_blame(const struct gruvid__part *part)
{
    const char *name = part->plugin->name;

    if (part->culprit == NULL)
        gruvi_error("plugin %s: %s", name, gruvi_strerror(part->status));
    else
        gruvi_error("plugin %s: cannot listen on %s: %s%s", name,
                    part->culprit->address, gruvi_strerror(part->status),
                    hint(part->culprit->address, part->status));
}

void
gruvid__doors_close(struct gruvid__part *part)
{
    for (size_t i = 0; part->doors != NULL && i < part->plugin->n_doors; i++) {
        struct gruvid__door *door = &part->doors[i];

        gruvi_listener_close(door->listener);
        gruvi_stream_close(door->held);
        gruvi_tls_unref(door->tls);
        if (door->acceptor != NULL)
            gruvi_fiber_unref(door->acceptor);
    }
    free(part->doors);
    part->doors = NULL;
}
