/* SPDX-License-Identifier: MIT */
/*
 * Files in blocking style.  Calls that may wait for a disk run in the IO pool
 * (see gruvi/pool.h): the calling fiber waits, its hub does not.
 *
 *     err = gruvi_file_open(&file, "/etc/hostname", O_RDONLY, 0);
 *     n = gruvi_file_read(file, buf, sizeof buf);
 *     gruvi_file_close(file);
 *
 * A file belongs to no hub: fibers of any hub, and threads without a hub, may
 * use it, several at a time, too.  gruvi_file_read() and gruvi_file_write()
 * use and move its position; gruvi_file_pread() and gruvi_file_pwrite() take
 * an offset.  A call that a signal interrupts goes on by itself.
 *
 * The rule of gruvi_blocking() holds for all calls.  A cancel or deadline
 * withdraws a call that no thread has begun, which returns UV_ECANCELED or
 * UV_ETIMEDOUT.  A call that a thread has begun is waited for, because it uses
 * the caller's memory, and its result is returned.  So a call to a disk that
 * does not answer cannot be cancelled.  Do not use these calls for FIFOs,
 * terminals and the like, which may keep a thread for ever; gruvi_wait_fd()
 * waits for them.
 *
 * Every call may also return UV_EINTR in the root fiber, UV_ESHUTDOWN while
 * the hub closes, UV_EPERM where no switch is allowed, and UV_EAGAIN or
 * UV_ENOMEM if the pool cannot make a single thread; and the errors of the
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
 *   mode   permissions of a new file, less the umask: 0644
 *
 * Returns 0.
 * Errors:  UV_ENOENT, UV_EACCES, UV_EEXIST, UV_EMFILE, UV_ENOMEM, UV_EINVAL
 *          (NULL), ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_file_open(gruvi_file_t **file, const char *path, int flags, int mode);

/*
 * Make a file of a descriptor, for example of mkostemp(3).
 *
 *   fd  owned by the file from here on, if the call succeeds
 *
 * Returns 0.
 * Errors:  UV_EBADF, UV_ENOMEM, UV_EINVAL.
 * Context: any thread.
 */
GRUVI_API int gruvi_file_from_fd(gruvi_file_t **file, int fd);

/*
 * The descriptor, borrowed, for example for lseek(2).
 *
 * Context: any thread.
 */
GRUVI_API int gruvi_file_fd(const gruvi_file_t *file);

/*
 * Give the descriptor of a file back, and free the file: for a close that is
 * known not to wait, and a descriptor that goes elsewhere.
 *
 * Returns the descriptor, which is the caller's.
 * Errors:  UV_EBUSY (a call on the file has not returned), UV_EINVAL (NULL, or
 *          a folder that was read); the file is as before.
 * Context: any thread.
 */
GRUVI_API int gruvi_file_detach(gruvi_file_t *file);

/*
 * Close and free a file.  Nothing interrupts this: a cancel, deadline or
 * interrupt stays pending.  The file is closed also with an error, except with
 * UV_EBUSY and UV_EPERM.  NULL is fine.
 *
 * Returns 0.
 * Errors:  UV_EBUSY (a call on the file has not returned), UV_EPERM (no switch
 *          is allowed here); UV_EIO, UV_ENOSPC, UV_EDQUOT: data written before
 *          is not stored.
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int gruvi_file_close(gruvi_file_t *file);

/*
 * Read up to len bytes, at the position of the file, which moves, or at
 * offset.  Fewer may come, also before the end.
 *
 * Returns the number of bytes; 0 at the end of the file, and for a len of 0.
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
 * may have been written, except after an error of the wait.
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
 * Wait until all written data is stored: with all metadata of the file
 * (fsync(2)), or with the metadata that reading needs (fdatasync(2)).
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
 * The system's data about a file: of a path, of the link itself if the path
 * is a symbolic link (lstat), of an open file (fstat).
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
 * Rename a file, and replace a file that has the new name; remove a file or
 * link; make a directory; remove an empty directory.
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
                              UV_DIRENT_UNKNOWN if the file system does not
                              say */
} gruvi_dirent_t;

/*
 * Read the next entries of a directory, in no particular order, without "."
 * and "..".  An entry that is made or removed meanwhile may be among them.
 *
 *   dir      a directory that was opened with O_RDONLY
 *   entries  n entries of the caller, filled in; 32 is a good number
 *
 * Returns the number of entries; 0 at the end.
 * Errors:  UV_ENOTDIR, UV_EBUSY (another fiber reads it), UV_ENOMEM, UV_EINVAL
 *          (an n of 0), ...
 * Context: fiber or plain thread, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int
gruvi_file_readdir(gruvi_file_t *dir, gruvi_dirent_t entries[], size_t n);

/*
 * Send a part of a file to a stream, without copying it through the program,
 * unless the stream has TLS or another process has made its socket blocking.
 *
 * The fiber itself sends parts of at most 512 KiB.  A part that does not seem
 * to be in memory is read in the IO pool first, so that the hub does not wait
 * for the disk.  Only the first and last byte of a part are checked: if only
 * pages between them are not in memory, the hub waits for them.
 *
 * The call is a write to the stream: after a failure the write side is dead.
 * The stream's timeout limits the sending of each 256 KiB, and not the reading.
 *
 *   file    its position is not used, and does not move
 *   offset  where to begin, in bytes
 *   length  how many bytes; negative: to the end of the file
 *
 * Returns the number of bytes sent: less than length if the file ends.
 * Errors:  those of gruvi_stream_write() and of reading; UV_EINVAL (a negative
 *          offset; a file that cannot be sent, such as a file of /proc).
 * Context: fiber, switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT int64_t gruvi_stream_sendfile(
    gruvi_stream_t *stream, gruvi_file_t *file, int64_t offset, int64_t length);

GRUVI_END_DECLS

#endif
