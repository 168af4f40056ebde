/* SPDX-License-Identifier: MIT */
/* What may change while an address is open: queue, keepalive, and the file of a
 * Unix socket. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/account.h"
#include "serve/sockets.h"

/* --- from the section ----------------------------------------------------- */

/* The owner of a socket file. */
static int
find_owner(const gruvid__section_t *section, uid_t *uid, gid_t *gid, char *why,
           size_t why_size)
{
    const char *user = gruvid__section_socket_owner(section);
    const char *group = gruvid__section_string(section, "listen_group");
    int err = 0;

    *uid = (uid_t)-1;
    *gid = (gid_t)-1;
    if (*user != '\0')
        err = gruvid__find_user(user, uid, gid, why, why_size);
    /* A file that is this user's already keeps the group that its folder has
     * given it. */
    if (*uid == geteuid()) {
        *uid = (uid_t)-1;
        *gid = (gid_t)-1;
    }
    if (err == 0 && *group != '\0')
        err = gruvid__find_group(group, gid, why, why_size);
    return err;
}

int
gruvid__section_socket_settings(const gruvid__section_t *section,
                                struct gruvid__socket_settings *settings,
                                char *why, size_t why_size)
{
    *settings = (struct gruvid__socket_settings){
        .backlog = (int)gruvid__section_integer(section, "backlog"),
        .keepalive = gruvid__section_duration(section, "keepalive"),
        .mode = (unsigned)strtoul(
            gruvid__section_string(section, "listen_mode"), NULL, 8),
    };
    return find_owner(section, &settings->uid, &settings->gid, why, why_size);
}

/* --- queue and keepalive -------------------------------------------------- */

gruvi_keepalive_t
gruvid__socket_keepalive(double seconds)
{
    return (gruvi_keepalive_t){
        .idle = seconds < 1 ? 1 : (unsigned)seconds,
        .interval = seconds < 3 ? 1 : (unsigned)(seconds / 3),
        .count = 3,
    };
}

static void
set_option(int fd, int level, int name, unsigned value)
{
    int number = (int)value;

    if (setsockopt(fd, level, name, &number, sizeof number) < 0)
        gruvi_warning("keepalive of a socket cannot be set: %s",
                      gruvi_strerror(uv_translate_sys_error(errno)));
}

/* Connections inherit these options. */
static void
set_keepalive(int fd, double seconds)
{
    gruvi_keepalive_t keepalive = gruvid__socket_keepalive(seconds);

    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0);
    if (seconds <= 0)
        return;
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive.idle);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive.interval);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive.count);
}

static bool
is_unix(int fd)
{
    socklen_t length = sizeof(int);
    int domain = AF_UNSPEC;

    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    return domain == AF_UNIX;
}

/* The queue of an inherited socket is as long as whoever made it says. */
void
gruvid__socket_set(const struct gruvid__address *address,
                   const struct gruvid__socket_settings *settings)
{
    for (size_t i = 0; i < address->n; i++) {
        int fd = gruvi__listener_fd(address->listeners[i]);

        if (settings->backlog != address->settings.backlog &&
            !address->inherited && listen(fd, settings->backlog) < 0)
            gruvi_warning("%s: backlog cannot be set: %s", address->text,
                          gruvi_strerror(uv_translate_sys_error(errno)));
        if (settings->keepalive != address->settings.keepalive && !is_unix(fd))
            set_keepalive(fd, settings->keepalive);
    }
}

/* --- the file of a Unix socket -------------------------------------------- */

static const char *
path_of(const struct gruvid__address *address)
{
    return strncmp(address->text, "unix:/", 6) == 0 ? address->text + 5 : NULL;
}

/* The file, so that nobody can put another in its place; -1: an error, in
 * errno. */
static int
open_file(const struct gruvid__address *address, struct stat *st)
{
    int fd = open(path_of(address), O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fstat(fd, st) == 0 && S_ISSOCK(st->st_mode) && st->st_nlink == 1)
        return fd;
    close(fd);
    errno = EEXIST;
    return -1;
}

static int
give(int fd, uid_t uid, gid_t gid)
{
    if ((uid == (uid_t)-1 && gid == (gid_t)-1) ||
        fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0)
        return 0;
    return uv_translate_sys_error(errno);
}

int
gruvid__socket_file_give(struct gruvid__address *address,
                         const struct gruvid__socket_settings *settings)
{
    struct stat st;
    int fd, err;

    if (path_of(address) == NULL)
        return 0;
    fd = open_file(address, &st);
    if (fd < 0)
        return uv_translate_sys_error(errno);
    address->dev = st.st_dev;
    address->ino = st.st_ino;
    err = st.st_uid == geteuid() ? give(fd, settings->uid, settings->gid)
                                 : UV_EEXIST;
    close(fd);
    return err;
}

/* Where it cannot be looked at, it is there. */
bool
gruvid__socket_file_is_there(const struct gruvid__address *address)
{
    struct stat st;

    if (path_of(address) == NULL)
        return true;
    if (lstat(path_of(address), &st) < 0)
        return errno != ENOENT && errno != ENOTDIR;
    return st.st_dev == address->dev && st.st_ino == address->ino;
}

bool
gruvid__socket_keeps_owner(const struct gruvid__socket_settings *from,
                           const struct gruvid__socket_settings *to)
{
    return (to->uid == (uid_t)-1 || to->uid == from->uid) &&
           (to->gid == (gid_t)-1 || to->gid == from->gid);
}

/* chmod() of what a descriptor of a path is open for. */
static int
set_mode(int fd, mode_t mode)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return chmod(path, mode) == 0 ? 0 : uv_translate_sys_error(errno);
}

int
gruvid__socket_file_change(const struct gruvid__sockets *sockets,
                           const struct gruvid__address *address,
                           const struct gruvid__socket_settings *from,
                           const struct gruvid__socket_settings *to)
{
    mode_t mode = to->mode != 0 ? to->mode : 0777 & ~sockets->umask;
    bool other_owner = !gruvid__socket_keeps_owner(from, to);
    struct stat st;
    int fd, err = 0;

    if (path_of(address) == NULL || (from->mode == to->mode && !other_owner))
        return 0;
    fd = open_file(address, &st);
    if (fd < 0)
        return uv_translate_sys_error(errno);
    if (st.st_dev != address->dev || st.st_ino != address->ino)
        err = UV_EEXIST;
    if (err == 0 && (st.st_mode & 0777) != mode)
        err = set_mode(fd, mode);
    if (err == 0 && other_owner)
        err = give(fd, to->uid, to->gid);
    close(fd);
    return err;
}
