/* SPDX-License-Identifier: MIT */
/*
 * What the files behind gruvi/file.h share.
 *
 * Calls are counted in the file, so that its descriptor is not closed, and its
 * number not used again, while a thread of the pool reads it.
 */
#ifndef GRUVI_IO_FILE_H
#define GRUVI_IO_FILE_H

#include <dirent.h>

#include <gruvi/file.h>

/* Whether writing may raise SIGPIPE: nobody asks before the first write. */
enum gruvi__file_ends { GRUVI__ENDS_UNKNOWN, GRUVI__ENDS_NEVER, GRUVI__ENDS };

struct gruvi_file {
    int fd;
    int calls;   /* atomic: calls inside; negative: it is being closed */
    int ends;    /* atomic, enum gruvi__file_ends */
    int reading; /* atomic: a call uses dir */
    DIR *dir;    /* made by the first gruvi_file_readdir(); owns fd then */
};

/* Enter a call, and leave it.  0, UV_EINVAL for NULL, or UV_EBADF. */
int gruvi__file_enter(gruvi_file_t *file);
void gruvi__file_leave(gruvi_file_t *file);

/* Have the pool read len bytes at offset, so that they are in memory.  0 or an
 * error. */
int gruvi__file_warm(gruvi_file_t *file, int64_t offset, size_t len);

#endif
