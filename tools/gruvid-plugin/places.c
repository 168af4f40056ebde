/* SPDX-License-Identifier: MIT */
/*
 * Where things are.  A variable of the environment says so first.  Otherwise it
 * is where "make install" has put them, seen from this program: a tree that was
 * moved, or installed with DESTDIR, finds its own parts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gruvid-plugin/plugin_tool.h"

/* The prefix that this program is in: the folder above its own; "" if that is
 * not known. */
static const char *
prefix(void)
{
    static char path[4096];
    ssize_t n;

    if (path[0] != '\0')
        return path;
    n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(path, '/');

        if (slash != NULL)
            *slash = '\0';
    }
    return path;
}

/* An installed path, in the tree of this program where it is there. */
static const char *
find(const char *variable, const char *installed, char *buf, size_t size)
{
    const char *value = getenv(variable);
    size_t length = strlen(GRUVID_PREFIX);

    if (value != NULL && *value != '\0')
        return value;
    if (strncmp(installed, GRUVID_PREFIX "/", length + 1) == 0 &&
        (size_t)snprintf(buf, size, "%s%s", prefix(), installed + length) <
            size &&
        access(buf, R_OK) == 0)
        return buf;
    return installed;
}

const char *
place_of_gruvid(void)
{
    static char buf[4096];

    return find("GRUVID", GRUVID_SBINDIR "/gruvid", buf, sizeof buf);
}

const char *
place_of_gruvictl(void)
{
    static char buf[4096];

    return find("GRUVICTL", GRUVID_BINDIR "/gruvictl", buf, sizeof buf);
}

const char *
place_of_templates(void)
{
    static char buf[4096];

    return find("GRUVID_TEMPLATES", GRUVID_DATADIR "/templates", buf,
                sizeof buf);
}

const char *
place_of_plugins(void)
{
    static char buf[4096];

    return find("GRUVID_PLUGINDIR", GRUVID_PLUGINDIR, buf, sizeof buf);
}
