/* SPDX-License-Identifier: MIT */
/* Descriptors are those of /proc/self/fd.  Some that the libraries open stay as
 * long as the process, so the plugin's count, and those of an unknown maker. */
#include "gruvid-test/left.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gruvid-test/descriptors.h"
#include "gruvid-test/host.h"
#include "gruvid-test/memory.h"
#include "gruvid-test/stacks.h"

#define MOST 1024

static bool was_open[MOST];

static void
each_open(void (*fn)(int fd))
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] != '.' && fd != dirfd(dir) && fd < MOST)
            fn(fd);
    }
    if (dir != NULL)
        closedir(dir);
}

static void
note(int fd)
{
    was_open[fd] = true;
}

void
left_begin(void)
{
    each_open(note);
}

static void
tell_open(int fd)
{
    bool plugins = false;
    const struct calls *calls = maker_of(fd, &plugins);
    char path[40], what[300], text[600] = "an unknown place";
    ssize_t n;

    if (was_open[fd] || (calls != NULL && !plugins))
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    n = readlink(path, what, sizeof what - 1);
    what[n > 0 ? n : 0] = '\0';
    if (calls != NULL)
        stacks_text(calls, text, sizeof text);
    fail("a descriptor was left: %d, %s, from %s\n", fd, what, text);
}

void
left_tell(void)
{
    each_open(tell_open);
    memory_tell();
}
