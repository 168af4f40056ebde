/* SPDX-License-Identifier: MIT */
/*
 * Numbers of users and groups.  Where the system cannot look, there is nobody:
 * that has to be told from a number, or a socket would be that of another
 * group.
 */
#include "os/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

static int
not_found(const char *what, const char *name, int err, char *why, size_t size)
{
    snprintf(why, size, "%s %s cannot be looked up: %s", what, name,
             err == 0 ? "it is not there any more" : strerror(err));
    return err == 0 ? UV_ENOENT : uv_translate_sys_error(err);
}

int
gruvid__find_user(const char *name, uid_t *uid, gid_t *gid, char *why,
                  size_t why_size)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(name);
    if (entry == NULL)
        return not_found("user", name, errno, why, why_size);
    *uid = entry->pw_uid;
    *gid = entry->pw_gid;
    return 0;
}

int
gruvid__find_group(const char *name, gid_t *gid, char *why, size_t why_size)
{
    const struct group *entry;

    errno = 0;
    entry = getgrnam(name);
    if (entry == NULL)
        return not_found("group", name, errno, why, why_size);
    *gid = entry->gr_gid;
    return 0;
}
