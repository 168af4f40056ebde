/* SPDX-License-Identifier: MIT */
/*
 * What the files behind gruvi/file.h share.
 *
 * Each call counts itself in the file, so that the descriptor is not closed,
 * and its number not used for another, while a thread of the pool reads it.
 */
#ifndef GRUVI_IO_FILE_H
#define GRUVI_IO_FILE_H

#include <dirent.h>

#include <gruvi/file.h>

struct gruvi_file {
    int fd;
    int calls;   /* atomic: that are inside; negative: it is being closed */
    int reading; /* atomic: a call uses dir */
    DIR *dir;    /* made by the first gruvi_file_readdir(); has fd then */
};

/* Enter a call, and leave it.  0, UV_EINVAL for NULL, or UV_EBADF. */
int gruvi__file_enter(gruvi_file_t *file);
void gruvi__file_leave(gruvi_file_t *file);

/* Read len bytes at offset and drop them: they are in memory then.  0, or an
 * error; in the pool. */
int gruvi__file_warm(gruvi_file_t *file, int64_t offset, size_t len);

#endif
