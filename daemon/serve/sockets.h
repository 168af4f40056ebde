/* SPDX-License-Identifier: MIT */
/*
 * The daemon's table of sockets: each address that is open, once.
 *
 *   address   "tcp://127.0.0.1:80"      of the table, in the first hub
 *     socket  one, or one for each hub
 *       endpoint  of a generation, in a hub: a duplicate
 *
 * Sockets belong to the table, and generations take them: while two generations
 * have the same socket, no connection is refused, however often acceptors come
 * and go.  The number of sockets of an address never changes while it is open,
 * because the kernel resets what a socket has queued when it closes it.  TLS is
 * an endpoint's, so tcp:// and tls:// are the same address here.
 *
 * An address that nobody has any more is closed.  Inherited sockets stay open to
 * the end: they are not ours to close.
 *
 * Context of all here: fibers of the first hub, and its root fiber.
 */
#ifndef GRUVID_SOCKETS_H
#define GRUVID_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <gruvi.h>

#include "config/config.h"

/* What may change while an address is open. */
struct gruvid__socket_settings {
    int backlog;
    double keepalive; /* seconds; 0: none */
    unsigned mode;    /* of a Unix socket's file; 0: as it is */
    uid_t uid;        /* of that file; -1: as it is */
    gid_t gid;        /* likewise */
};

struct gruvid__address {
    struct gruvid__address *next;
    char *text;        /* without the tls of tls:// */
    const char *owner; /* for port 0: the section it belongs to, owned */
    gruvi_listener_t **listeners; /* n of them, without TLS; they never accept */
    size_t n;
    size_t users; /* generations that have it */
    bool inherited;
    bool dual_stack;
    struct gruvid__socket_settings settings; /* that hold */
};

struct gruvid__sockets {
    struct gruvid__address *first;
};

/* What a generation has of the table, in the order of its section. */
struct gruvid__taken {
    struct gruvid__take {
        struct gruvid__address *address;
        bool tls;
    } * at;
    size_t n;
    struct gruvid__socket_settings wanted; /* of the section */
};

/*
 * Take the addresses of a section: open what is not open yet.  Settings of
 * what is open already stay until gruvid__sockets_settle().
 *
 *   hubs   in how many hubs a new port is listened on, each with a queue of its
 *          own; 1: one queue
 *   taken  the result, for gruvid__sockets_give_back(); empty on failure
 *
 * Returns 0.
 * Errors:  of gruvi_listen(); logged, with what to do.
 * Context: switchpoint.
 */
int gruvid__sockets_take(struct gruvid__sockets *sockets,
                         const gruvid__section_t *section, size_t hubs,
                         struct gruvid__taken *taken);

/* Have what was taken behave as its section says: at a commit. */
void gruvid__sockets_settle(struct gruvid__taken *taken);

/* Whether only this generation has an address, so that it closes with it. */
bool gruvid__sockets_last(const struct gruvid__address *address);

/* Give addresses back; those that nobody has any more are closed, and their
 * files unlinked.  What was queued is still the endpoints' to serve. */
void gruvid__sockets_give_back(struct gruvid__sockets *sockets,
                               struct gruvid__taken *taken);

/* Close all that is left. */
void gruvid__sockets_close(struct gruvid__sockets *sockets);

#endif
