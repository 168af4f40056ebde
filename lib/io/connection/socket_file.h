/* SPDX-License-Identifier: MIT */
/*
 * The file of a listening Unix socket.
 */
#ifndef GRUVI_IO_SOCKET_FILE_H
#define GRUVI_IO_SOCKET_FILE_H

#include <sys/types.h>

#include "io/socket/address.h"

struct gruvi__socket_file {
    char *path; /* NULL: no file */
    dev_t dev;  /* with ino: which file it is */
    ino_t ino;
};

/*
 * Bind fd to a path and listen.  A file that nobody listens on is replaced.
 *
 *   mode  of the file; 0: by umask
 *   file  for gruvi__socket_file_remove(), if 0 is returned
 *
 * Returns 0 or a negative code; may wait.
 */
GRUVI_SWITCHPOINT int
gruvi__socket_file_listen(int fd, const struct gruvi__address *address,
                          int backlog, unsigned mode,
                          struct gruvi__socket_file *file);

/* Remove the file unless it was replaced; before the socket is closed, so that
 * no program takes it for a stale file meanwhile. */
void gruvi__socket_file_remove(struct gruvi__socket_file *file);

#endif
