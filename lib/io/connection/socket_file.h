/* SPDX-License-Identifier: MIT */
/*
 * The file that a listening Unix socket has.
 */
#ifndef GRUVI_IO_SOCKET_FILE_H
#define GRUVI_IO_SOCKET_FILE_H

#include <sys/types.h>

#include "io/socket/address.h"

struct gruvi__socket_file {
    char *path; /* NULL: there is none */
    dev_t dev;  /* which file it was */
    ino_t ino;
};

/*
 * Bind fd to a path and listen.  A file that nobody listens on is replaced.
 *
 *   mode  of the file; 0: by umask
 *   file  to be given to gruvi__socket_file_remove(), where 0 was returned
 *
 * Returns 0, or a negative code; may wait.
 */
int gruvi__socket_file_listen(int fd, const struct gruvi__address *address,
                              int backlog, unsigned mode,
                              struct gruvi__socket_file *file);

/* Remove the file if it is still the same; before the socket is closed, so
 * that nobody takes it for a stale one meanwhile. */
void gruvi__socket_file_remove(struct gruvi__socket_file *file);

#endif
