/* SPDX-License-Identifier: MIT */
/*
 * The control socket: a Unix socket where operators look at gruvid and have it
 * do things.  One JSON object a line each way.
 *
 *   server.c      the socket, who gets a place, the end
 *   peer.c        who is at the other end, and what that user may do
 *   client.c      a connection: lines in, lines out, both bounded
 *   dispatch.c    a line becomes a request, and runs its command
 *   request.c     what a command sees of it, and the lines of the answer
 *   commands.c    the table of commands
 *   the rest      a file each command, or a few that belong together
 *
 *   client fiber    reads a line, runs its command, reads the next
 *   "writer" fiber  writes what the commands answer
 *
 * All of it runs in fibers of the first hub that belong to no plugin.  They are
 * not counted among max_fibers: a hub that is full is what an operator has to
 * look at.
 */
#ifndef GRUVID_CONTROL_H
#define GRUVID_CONTROL_H

#include "run/attend.h"

/* For gruvid__run(). */
extern const struct gruvid__attendant gruvid__control_attendant;

#endif
