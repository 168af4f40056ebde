/* SPDX-License-Identifier: MIT */
/*
 * Who can change what root reads: the owner of the file, whoever may write to
 * it, and the same for each folder on the way, because a folder's entries can
 * be replaced.
 *
 *     /opt/app/current/echo.so     current -> releases/7
 *
 *     /                            folder
 *     /opt  /opt/app               folders
 *     /opt/app/current             link, and on from /opt/app with its text
 *     /opt/app/releases  .../7     folders
 *     /opt/app/releases/7/echo.so  file
 *
 * So the way is gone as the kernel goes it.  What was found good cannot become
 * bad afterwards but by root or by the starter of gruvid.
 */
#include "os/owner.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <uv.h>

#define MOST_LINKS 40 /* as the kernel's */

static bool trusting;

/* A way that is gone. */
struct way {
    char at[PATH_MAX];   /* as far as it was gone: no link is in it */
    char rest[PATH_MAX]; /* of the path, from here on */
    unsigned links;
    bool loose; /* at is a sticky folder: its entries are anybody's */
    char *why;
    size_t why_size;
};

void
gruvid__owner_trust(void)
{
    trusting = true;
}

/* --- who and what --------------------------------------------------------- */

/* sudo says who has called it; root alone may set the variable for gruvid. */
static uid_t
starter(void)
{
    const char *text = secure_getenv("SUDO_UID");
    unsigned long uid;
    char *end;

    if (text == NULL || *text < '0' || *text > '9')
        return getuid();
    errno = 0;
    uid = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && uid < (uid_t)-1 ? (uid_t)uid
                                                         : getuid();
}

static void
put_user(char *text, size_t size, uid_t uid)
{
    char buffer[1024];
    struct passwd entry, *found = NULL;

    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 &&
        found != NULL)
        snprintf(text, size, "%s (uid %lu)", found->pw_name,
                 (unsigned long)uid);
    else
        snprintf(text, size, "uid %lu", (unsigned long)uid);
}

static int __attribute__((format(printf, 2, 3)))
refuse(const struct way *way, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(way->why, way->why_size, format, args);
    va_end(args);
    return UV_EPERM;
}

/* What cannot be looked at now may be opened in a moment. */
static int
unseen(const struct way *way, int err)
{
    return refuse(way,
                  "%s cannot be looked at, and gruvid runs as root: %s; try "
                  "again, or say --trust-files",
                  way->at, strerror(err));
}

static const char *
kind(const struct stat *st)
{
    return S_ISDIR(st->st_mode)   ? "the folder "
           : S_ISLNK(st->st_mode) ? "the link "
                                  : "the file ";
}

static int
check_owner(const struct way *way, const struct stat *st)
{
    char owner[100];

    if (st->st_uid == 0 || st->st_uid == starter())
        return 0;
    put_user(owner, sizeof owner, st->st_uid);
    return refuse(way,
                  "%s%s belongs to %s, and gruvid runs as root: \"chown %sroot "
                  "%s\", or say --trust-files",
                  kind(st), way->at, owner, S_ISLNK(st->st_mode) ? "-h " : "",
                  way->at);
}

/* Others that a list of access names are behind the bits of the group.  1, 0,
 * or an error. */
static int
has_access_list(const struct way *way)
{
    ssize_t n = getxattr(way->at, "system.posix_acl_access", NULL, 0);

    if (n < 0 && errno != ENODATA && errno != ENOTSUP && errno != ENOSYS)
        return unseen(way, errno);
    return n > 0;
}

static int
check_writers(const struct way *way, const struct stat *st)
{
    int has_list;

    if (st->st_mode & S_IWOTH)
        return refuse(way,
                      "%s%s may be written by everybody, and gruvid runs as "
                      "root: \"chmod o-w %s\", or say --trust-files",
                      kind(st), way->at, way->at);
    if (!(st->st_mode & S_IWGRP))
        return 0;
    if (st->st_gid != 0)
        return refuse(way,
                      "%s%s may be written by group %lu, and gruvid runs as "
                      "root: \"chmod g-w %s\", or say --trust-files",
                      kind(st), way->at, (unsigned long)st->st_gid, way->at);
    has_list = has_access_list(way);
    if (has_list > 0)
        return refuse(way,
                      "%s%s may be written by users that its access list "
                      "names, and gruvid runs as root: \"setfacl -b %s\", or "
                      "say --trust-files",
                      kind(st), way->at, way->at);
    return has_list;
}

/* --- the way -------------------------------------------------------------- */

/* Links of /proc/PID/fd lead to what is open, whatever their text says.  What
 * is no file there was handed over by the starter of gruvid.  1, 0, or an
 * error.
 */
static int
is_open_file(const struct way *way)
{
    struct statfs fs;
    char folder[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", way->at);
    *strrchr(folder, '/') = '\0';
    if (statfs(*folder != '\0' ? folder : "/", &fs) < 0)
        return unseen(way, errno);
    return fs.f_type == PROC_SUPER_MAGIC && strstr(folder, "/fd") != NULL;
}

static int
check_open_file(const struct way *way)
{
    struct stat st;
    int err;

    if (stat(way->at, &st) < 0)
        return unseen(way, errno);
    if (!S_ISREG(st.st_mode))
        return 0;
    err = check_owner(way, &st);
    return err == 0 ? check_writers(way, &st) : err;
}

static int
check_folder(struct way *way, const struct stat *st)
{
    int err = check_owner(way, st);

    way->loose = (st->st_mode & S_ISVTX) && (st->st_mode & (S_IWGRP | S_IWOTH));
    return err < 0 || way->loose ? err : check_writers(way, st);
}

/* Go back by one folder. */
static void
leave(struct way *way)
{
    char *slash = strrchr(way->at, '/');

    *(slash == way->at ? slash + 1 : slash) = '\0';
}

/* Put the text of a link in front of the rest. */
static int
follow(struct way *way)
{
    char text[PATH_MAX], rest[PATH_MAX];
    ssize_t n = readlink(way->at, text, sizeof text - 1);

    if (n < 0)
        return unseen(way, errno);
    if (++way->links > MOST_LINKS)
        return 0;
    text[n] = '\0';
    strcpy(rest, way->rest);
    if ((size_t)snprintf(way->rest, sizeof way->rest, "%s/%s", text, rest) >=
        sizeof way->rest)
        return 0;
    if (text[0] != '/')
        leave(way);
    else {
        strcpy(way->at, "/");
        way->loose = false;
    }
    return 1;
}

/* Take one part of the rest; false: there is none, or it is too long. */
static bool
take_part(struct way *way)
{
    char *part = way->rest + strspn(way->rest, "/");
    size_t length = strcspn(part, "/"), end = strlen(way->at);
    bool stays = length == 1 && part[0] == '.';

    if (length == 0 || end + length + 2 > sizeof way->at)
        return false;
    if (length == 2 && memcmp(part, "..", 2) == 0)
        leave(way);
    else if (!stays) {
        if (way->at[end - 1] != '/')
            way->at[end++] = '/';
        memcpy(way->at + end, part, length);
        way->at[end + length] = '\0';
    }
    memmove(way->rest, part + length, strlen(part + length) + 1);
    return true;
}

static int
check_link(struct way *way, const struct stat *st)
{
    int err = is_open_file(way);

    if (err != 0)
        return err < 0 ? err : check_open_file(way);
    err = way->loose ? check_owner(way, st) : 0;
    return err < 0 ? err : follow(way);
}

/* Whether open() will say the same. */
static bool
is_left_to_open(int err)
{
    return err == ENOENT || err == ENOTDIR || err == EACCES ||
           err == ENAMETOOLONG;
}

/*
 * Go on by one part of the path.
 *
 * Returns 1 to go on, 0 at the end, or an error.
 */
static int
step(struct way *way)
{
    struct stat st;
    int err;

    if (!take_part(way))
        return way->rest[strspn(way->rest, "/")] == '\0'
                   ? 0
                   : unseen(way, ENAMETOOLONG);
    if (lstat(way->at, &st) < 0)
        return is_left_to_open(errno) ? 0 : unseen(way, errno);
    if (S_ISLNK(st.st_mode))
        return check_link(way, &st);
    if (S_ISDIR(st.st_mode)) {
        err = check_folder(way, &st);
        return err < 0 ? err : 1;
    }
    if (S_ISCHR(st.st_mode)) /* /dev/null is everybody's */
        return 0;
    err = check_owner(way, &st);
    return err < 0 ? err : check_writers(way, &st);
}

static int
go(struct way *way)
{
    struct stat st;
    int result = 1;

    strcpy(way->at, "/");
    if (stat("/", &st) < 0)
        return unseen(way, errno);
    if (check_folder(way, &st) < 0)
        return UV_EPERM;
    while (result > 0)
        result = step(way);
    return result;
}

int
gruvid__owner_check(const char *path, char *why, size_t why_size)
{
    struct way *way;
    int err = 0;

    if (geteuid() != 0 || trusting)
        return 0;
    way = calloc(1, sizeof *way);
    if (way == NULL) {
        snprintf(why, why_size, "out of memory");
        return UV_ENOMEM;
    }
    way->why = why;
    way->why_size = why_size;
    strcpy(way->at, path[0] == '/' ? "/" : ".");
    if (path[0] != '/' && getcwd(way->rest, sizeof way->rest) == NULL) {
        err = unseen(way, errno);
    } else {
        size_t length = strlen(way->rest);

        if ((size_t)snprintf(way->rest + length, sizeof way->rest - length,
                             "/%s", path) < sizeof way->rest - length)
            err = go(way);
        else
            err = unseen(way, ENAMETOOLONG);
    }
    free(way);
    return err;
}
