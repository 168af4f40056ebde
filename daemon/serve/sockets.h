/* SPDX-License-Identifier: MIT */
/*
 * The daemon's table of sockets: each address that is open, once.
 *
 *   address     "tcp://127.0.0.1:80"   of the table, in the first hub
 *     listener  one, or one for each hub; it never accepts
 *       endpoint                       of a generation, in a hub: a duplicate
 *
 * Sockets belong to the table, and generations take them: while two generations
 * have the same socket, no connection is refused, however often acceptors come
 * and go.  The number of sockets of an address never changes while it is open:
 * the kernel resets what a socket has queued when it is closed, and lets no
 * other user join a port.  TLS is an endpoint's, so tcp:// and tls:// are the
 * same address here.
 *
 * An address that nobody has any more is closed.  Inherited sockets stay open
 * to the end: they are not ours to close.
 *
 * Context of all here: the first hub.
 */
#ifndef GRUVID_SOCKETS_H
#define GRUVID_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <gruvi.h>

#include "config/config.h"

/* What may change while an address is open. */
struct gruvid__socket_settings {
    int backlog;
    double keepalive; /* seconds; 0: none */
    unsigned mode;    /* of a Unix socket's file; 0: by the umask */
    uid_t uid;        /* of that file; -1: as it is */
    gid_t gid;        /* likewise */
};

struct gruvid__address {
    struct gruvid__address *next;
    char *text;                   /* tcp:// stands for tls:// */
    char owner[40];               /* the section that took it last */
    gruvi_listener_t **listeners; /* n of them, without TLS */
    size_t n;                     /* 0: closed */
    size_t users;                 /* generations that have it */
    size_t refs;                  /* and those that look at it still */
    bool unused;                  /* nobody has it; atomic, for endpoints */
    bool inherited;
    bool dual_stack;
    struct gruvid__socket_settings settings; /* that hold */

    /* Which file it is, of unix:/. */
    dev_t dev;
    ino_t ino;
};

struct gruvid__sockets {
    struct gruvid__address *first;
    mode_t umask;
    bool was_root; /* when gruvid began */
    bool serving;  /* the start is over */
};

/* An address that a generation has. */
struct gruvid__take {
    struct gruvid__address *address;
    bool tls;
};

/* All of them, in the order of the section. */
struct gruvid__taken {
    struct gruvid__take *at;
    size_t n;
    struct gruvid__socket_settings wanted; /* of the section */
    struct gruvid__sockets *sockets;       /* borrowed */
    bool settled;                          /* what is wanted holds */
    bool left;                             /* nothing is had any more */
};

/* Before gruvid becomes another user. */
void gruvid__sockets_init(struct gruvid__sockets *sockets);

/*
 * Take the addresses of a section: open what is not open yet.  Of what is open
 * already, only files of sockets change, their mode and owner.
 *
 *   hubs   in how many hubs a new port is listened on, each with a queue of its
 *          own
 *   taken  the result, for gruvid__sockets_give_back(); empty on failure
 *   why    on failure sentences for the operator, with what to do, one a line,
 *          for each address that cannot be had; none: as the error says.  Of
 *          size bytes
 *
 * Returns 0.
 * Errors:  of gruvi_listen() and others.
 * Context: switchpoint.
 */
GRUVI_SWITCHPOINT int gruvid__sockets_take(struct gruvid__sockets *sockets,
                                           const gruvid__section_t *section,
                                           size_t hubs,
                                           struct gruvid__taken *taken,
                                           char *why, size_t size);

/* From now on the settings of the section hold: at a commit. */
void gruvid__sockets_settle(struct gruvid__taken *taken, const char *owner);

/*
 * Have addresses no more.  Those that nobody has are closed, and their files
 * unlinked; what was queued is still the endpoints' to accept.  Settings that
 * do not hold yet are undone.
 */
void gruvid__sockets_leave(struct gruvid__taken *taken);

/* The same, and no endpoint looks at them any more. */
void gruvid__sockets_give_back(struct gruvid__taken *taken);

/* Close and free all that is left. */
void gruvid__sockets_close(struct gruvid__sockets *sockets);

/*
 * The open address that keeps another from being listened on.
 *
 *   text        what cannot be listened on, with tcp:// for tls://
 *   dual_stack  whether that would be for IPv4 as well
 *   same        set where both mean the same address
 *
 * Returns NULL where it is none of the table.
 * Context: switchpoint.
 */
GRUVI_SWITCHPOINT struct gruvid__address *
gruvid__sockets_overlap(const struct gruvid__sockets *sockets, const char *text,
                        bool dual_stack, bool *same);

/* --- what may change ------------------------------------------------------ */

/* What a section says.  Returns 0, or an error of gruvid__find_user(), with
 * why.
 */
int gruvid__section_socket_settings(const gruvid__section_t *section,
                                    struct gruvid__socket_settings *settings,
                                    char *why, size_t why_size);

/* A peer that does not answer is asked three times, in as long again. */
gruvi_keepalive_t gruvid__socket_keepalive(double seconds);

/* Have backlog and keepalive hold. */
void gruvid__socket_set(const struct gruvid__address *address,
                        const struct gruvid__socket_settings *settings);

/* Note which file an address has, and give the file its owner.  0 or an error.
 */
int gruvid__socket_file_give(struct gruvid__address *address,
                             const struct gruvid__socket_settings *settings);

/* Change the mode and the owner of that file, where they differ.  0 or an
 * error. */
int gruvid__socket_file_change(const struct gruvid__sockets *sockets,
                               const struct gruvid__address *address,
                               const struct gruvid__socket_settings *from,
                               const struct gruvid__socket_settings *to);

/* Whether a file has the owner already: unset is any. */
bool gruvid__socket_keeps_owner(const struct gruvid__socket_settings *from,
                                const struct gruvid__socket_settings *to);

/* Whether the address has the file that it has made. */
bool gruvid__socket_file_is_there(const struct gruvid__address *address);

#endif
