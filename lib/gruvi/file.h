/* SPDX-License-Identifier: MIT */
/*
 * Files in blocking style.  What may wait for a disk runs in the IO pool (see
 * gruvi/pool.h): the calling fiber waits, its hub does not.
 *
 *     err = gruvi_file_open(&file, "/etc/hostname", O_RDONLY, 0);
 *     n = gruvi_file_read(file, buf, sizeof buf);
 *     gruvi_file_close(file);
 *
 * A file belongs to nobody: fibers of any hub, and threads without one, may
 * use it, several at a time, too.  gruvi_file_read() and gruvi_file_write()
 * move its one position; gruvi_file_pread() and gruvi_file_pwrite() have their
 * own.  Calls that a signal interrupts go on by themselves.
 *
 * The rule of gruvi_blocking() holds for all of them: a cancel or deadline
 * withdraws what no thread has begun, and returns UV_ECANCELED or
 * UV_ETIMEDOUT; what a thread has begun is waited for, because it uses the
 * caller's memory, and its result is returned.  So a disk that does not answer
 * cannot be cancelled.  FIFOs, terminals and the like, which may keep a thread
 * for ever, are not for these calls: gruvi_wait_fd() waits for them.
 *
 * Every call may also return UV_EINTR in the root fiber, UV_ESHUTDOWN while
 * the hub closes, UV_EPERM where no switch may be, and UV_EAGAIN or UV_ENOMEM
 * where the pool cannot have a single thread.  Besides come the errors of the
 * system call.
 */
#ifndef GRUVI_FILE_H
#define GRUVI_FILE_H

#include <fcntl.h>

#include <gruvi/base.h>
#include <gruvi/stream.h>
#include <gruvi/switchpoint.h>

GRUVI_BEGIN_DECLS

typedef struct gruvi_file gruvi_file_t;

/*
 * Open a file, or a directory for gruvi_file_readdir().
 *
 *   file   where to put it, owned (gruvi_file_close()); NULL on failure
 *   flags  O_RDONLY, O_CREAT, ... as open(2), or UV_FS_O_*; O_CLOEXEC is added
 *   mode   permissions of a file that is made, less the umask: 0644
 *
 * Returns 0.
 * Errors:  UV_ENOENT, UV_EACCES, UV_EEXIST, UV_EMFILE, UV_ENOMEM, UV_EINVAL
 *          (NULL), ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_file_open(gruvi_file_t **file, const char *path, int flags, int mode);

/*
 * Make a file of a descriptor, of mkostemp(3), say.
 *
 *   fd  owned by the file from here on, where this succeeds
 *
 * Returns 0.
 * Errors:  UV_EBADF, UV_ENOMEM, UV_EINVAL.
 * Context: any thread.
 */
GRUVI_API int gruvi_file_from_fd(gruvi_file_t **file, int fd);

/*
 * The descriptor, borrowed: for lseek(2), say.
 *
 * Context: any thread.
 */
GRUVI_API int gruvi_file_fd(const gruvi_file_t *file);

/*
 * Close and free a file, whatever is pending: a cancel, deadline or interrupt
 * stays so.  It is closed also where an error is returned, but for UV_EBUSY and
 * UV_EPERM.  NULL is fine.
 *
 * Returns 0.
 * Errors:  UV_EBUSY (a call on the file has not returned), UV_EPERM (no switch
 *          may be here); UV_EIO, UV_ENOSPC, UV_EDQUOT: what was written before
 *          is not stored.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_close(gruvi_file_t *file);

/*
 * Read up to len bytes, at the position of the file, which moves, or at
 * offset.  Fewer may come, also before the end.
 *
 * Returns how many; 0 at the end of the file, and for a len of 0.
 * Errors:  UV_EIO, UV_EISDIR, UV_EBADF (not open for reading), ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_file_read(gruvi_file_t *file,
                                                    void *buf, size_t len);
GRUVI_API GRUVI_SWITCHPOINT ssize_t gruvi_file_pread(gruvi_file_t *file,
                                                     void *buf, size_t len,
                                                     int64_t offset);

/*
 * Write all of len bytes, at the position of the file, which moves, or at
 * offset (with O_APPEND at the end all the same).  After an error some of them
 * may have been written, unless it is one of a wait.
 *
 * Returns 0.
 * Errors:  UV_ENOSPC, UV_EIO, UV_EFBIG, UV_EBADF (not open for writing), ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_write(gruvi_file_t *file,
                                                 const void *buf, size_t len);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_pwrite(gruvi_file_t *file,
                                                  const void *buf, size_t len,
                                                  int64_t offset);

/*
 * Wait until what was written is stored: with what the file system knows of
 * the file (fsync(2)), or with as much as it takes to read it again
 * (fdatasync(2)).
 *
 * Returns 0.
 * Errors:  UV_EIO, UV_ENOSPC, ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_fsync(gruvi_file_t *file);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_fdatasync(gruvi_file_t *file);

/*
 * Cut a file, or make it longer with zeros.
 *
 *   size  bytes
 *
 * Returns 0.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_ftruncate(gruvi_file_t *file,
                                                     int64_t size);

/*
 * What the system knows of a file: of a path, of the link itself where the
 * path is a symbolic link (lstat), of an open file (fstat).
 *
 *   stat  where to put it; zeros on failure
 *
 * Returns 0.
 * Errors:  UV_ENOENT, UV_EACCES, UV_ENOTDIR, ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_stat(const char *path,
                                                uv_stat_t *stat);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_lstat(const char *path,
                                                 uv_stat_t *stat);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_fstat(gruvi_file_t *file,
                                                 uv_stat_t *stat);

/*
 * Rename a file, in place of one that has the new name already; remove a file
 * or link; make a directory; remove an empty one.
 *
 *   mode  permissions, less the umask: 0755
 *
 * Returns 0.
 * Errors:  UV_ENOENT, UV_EACCES, UV_EXDEV, UV_EISDIR, UV_EEXIST, UV_ENOTEMPTY,
 *          ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_rename(const char *from,
                                                  const char *to);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_unlink(const char *path);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_mkdir(const char *path, int mode);
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_rmdir(const char *path);

typedef struct gruvi_dirent {
    char name[256];        /* without folders, ended by '\0' */
    uv_dirent_type_t type; /* UV_DIRENT_FILE, UV_DIRENT_DIR, ...;
                              UV_DIRENT_UNKNOWN where its file system does not
                              say */
} gruvi_dirent_t;

/*
 * Read the next entries of a directory, in no order, without "." and "..".
 * Whether what is made or removed meanwhile is among them is not sure.
 *
 *   dir      a directory that was opened with O_RDONLY
 *   entries  the caller's, filled in; n of them: 32, say, at a time
 *
 * Returns how many; 0 at the end.
 * Errors:  UV_ENOTDIR, UV_EBUSY (another fiber reads it), UV_ENOMEM, UV_EINVAL
 *          (an n of 0), ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_file_readdir(gruvi_file_t *dir, gruvi_dirent_t entries[], size_t n);

/*
 * Send a part of a file to a stream, without copying it through the program.
 *
 * It is sent in parts of at most 256 KiB, by the fiber itself.  What does not
 * seem to be in memory is read in the IO pool first, so that the hub does not
 * wait for the disk.  Only the ends of each part are looked at: where pages
 * between them have been given up, the hub waits for them.
 *
 * It is a write to the stream: after a failure the write side is dead.  The
 * stream's timeout is for each part by itself, and not for reading it.
 *
 *   file    its position is not used, and does not move
 *   offset  where to begin, in bytes
 *   length  how many bytes; negative: to the end of the file
 *
 * Returns how many bytes were sent: fewer than length where the file ends.
 * Errors:  those of gruvi_stream_write() and of reading; UV_EINVAL (a negative
 *          offset; a file that cannot be sent, of /proc, say).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int64_t gruvi_stream_sendfile(
    gruvi_stream_t *stream, gruvi_file_t *file, int64_t offset, int64_t length);

GRUVI_END_DECLS

#endif
