/* SPDX-License-Identifier: MIT */
/* Files that a reload could not read: see readable.h. */
#include "run/readable.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/state.h"

/* Whether a change of a file can be seen, and its content kept until then. */
static bool
can_be_kept(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

static void
warn_file(void *arg, const char *path)
{
    (void)arg;
    if (access(path, R_OK) == 0)
        return;
    if (can_be_kept(path))
        gruvi_warning("%s: gruvid's user may not read it: a reload keeps what "
                      "was read, and fails once the file has changed",
                      path);
    else
        gruvi_warning("%s: gruvid's user may not read it: a reload fails: %s",
                      path, strerror(errno));
}

static void
warn_module(const char *dir, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s.so", dir, name) < (int)sizeof path &&
        access(path, R_OK) < 0)
        gruvi_warning("%s: gruvid's user may not read it: a reload fails: %s",
                      path, strerror(errno));
}

void
gruvid__warn_unreadable(const struct gruvid__daemon *daemon)
{
    const char *dir = gruvid__plugin_dir(daemon->config);
    gruvid__section_t *section = NULL;

    gruvid__config_each_file(daemon->config, warn_file, NULL);
    while ((section = gruvid__config_next_plugin(daemon->config, section)))
        warn_module(dir, gruvid__section_module(section));
}
