/* SPDX-License-Identifier: MIT */
/*
 * Opening a module.  What can be found out without running its code is checked
 * first: that the file is there, is a plugin, and was made for this gruvid.
 *
 * RTLD_NOW, so that a missing symbol is found by gruvid -t and not by the
 * first connection; RTLD_LOCAL, so that two plugins may use the same names.
 */
#include "module/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gruvi/exception.h>
#include <gruvi/inspect.h>

#include "module/image.h"
#include "module/note.h"
#include "module/opening.h"

static bool
is_bare(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

static bool
read_note(const char *path, struct gruvid__abi *abi, char *why, size_t why_size)
{
    char reason[400];
    bool good;
    /* So that a FIFO does not wait for its other end. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        snprintf(why, why_size, "%s: %s", path,
                 errno == ENOENT ? "there is no such plugin" : strerror(errno));
        return false;
    }
    good = gruvid__note_read(abi, fd, reason, sizeof reason) == 0 &&
           gruvid__abi_accepts(&gruvid__abi, abi, reason, sizeof reason) &&
           gruvid__image_check(fd, reason, sizeof reason) == 0;
    close(fd);
    if (!good)
        snprintf(why, why_size, "%s: %s", path, reason);
    return good;
}

static const gruvid_descriptor_t *
open_library(const char *path, char *why, size_t why_size)
{
    const gruvid_descriptor_t *descriptor;
    void *handle;

    gruvid__opening_begin(path);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    gruvid__opening_end();
    if (handle == NULL) {
        const char *reason = dlerror();

        /* Where a library that it links with is missing, dlerror() names only
         * that library. */
        if (strncmp(reason, path, strlen(path)) == 0)
            snprintf(why, why_size, "%s", reason);
        else
            snprintf(why, why_size, "%s: %s", path, reason);
        return NULL;
    }
    gruvi__modules_update();
    gruvi__cxx_find(handle);
    descriptor = dlsym(handle, "gruvid_plugin");
    if (descriptor == NULL || descriptor->name == NULL) {
        snprintf(why, why_size,
                 "%s: not a plugin: it has no descriptor gruvid_plugin", path);
        return NULL;
    }
    return descriptor;
}

const struct gruvid__module *
gruvid__module_open(struct gruvid__modules *modules, const char *dir,
                    const char *name, char *why, size_t why_size)
{
    const gruvid_descriptor_t *descriptor;
    struct gruvid__module *module;
    struct gruvid__abi abi;
    char path[PATH_MAX];

    for (module = modules->first; module != NULL; module = module->next)
        if (strcmp(module->name, name) == 0)
            return module;
    if (!is_bare(name) || strlen(name) >= sizeof module->name ||
        snprintf(path, sizeof path, "%s/%s.so", dir, name) >=
            (int)sizeof path) {
        snprintf(why, why_size, "%s: not the name of a plugin", name);
        return NULL;
    }
    if (!read_note(path, &abi, why, why_size))
        return NULL;
    descriptor = open_library(path, why, why_size);
    if (descriptor == NULL)
        return NULL;
    if (strcmp(descriptor->name, name) != 0) {
        snprintf(why, why_size,
                 "%s: it calls itself \"%s\"; the file of that plugin is "
                 "%s.so",
                 path, descriptor->name, descriptor->name);
        return NULL;
    }
    module = calloc(1, sizeof *module);
    if (module == NULL) {
        snprintf(why, why_size, "%s: out of memory", path);
        return NULL;
    }
    strcpy(module->name, name);
    memcpy(&module->descriptor, descriptor, abi.descriptor_size);
    module->option_size = abi.option_size;
    module->next = modules->first;
    modules->first = module;
    return module;
}

void
gruvid__modules_free(struct gruvid__modules *modules)
{
    while (modules->first != NULL) {
        struct gruvid__module *module = modules->first;

        modules->first = module->next;
        free(module);
    }
}
