/* SPDX-License-Identifier: MIT */
/*
 * The loader knows a library that is needed by its SONAME.  If a library of
 * that name is in memory, it is used, and the file is not looked at: after an
 * upgrade a new build of a plugin runs with the old library, without a word.
 *
 *   NEEDED libx.so.1 ----> in memory: libx.so.1, build-id A
 *        |                                ^
 *        |                                v  the same?
 *        +--> the file that a new process would get: build-id B
 *
 * That file is looked for in the folders that the plugin itself names, and
 * otherwise where the library in memory has come from.
 */
#include "module/needed.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "module/build.h"

/* A library that is needed. */
struct library {
    const char *name; /* as it is needed */
    char *path;       /* where it was loaded from; NULL: it is not in memory */
    struct gruvid__mapping mapping;
};

/* --- in memory ------------------------------------------------------------ */

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The loader compares with the SONAME, too; that is the file's name, or that of
 * a link to it, by which it was found. */
static int
on_library(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct library *library = arg;

    (void)size;
    if (strcmp(last_part(info->dlpi_name), last_part(library->name)) != 0)
        return 0;
    library->path = strdup(info->dlpi_name);
    gruvid__build_of_library(&library->mapping, info);
    return 1;
}

/* --- files ---------------------------------------------------------------- */

/* The build-id of a library's file; false: there is no such file, it cannot be
 * loaded, or it has none. */
static bool
find_id(const char *path, char id[GRUVID__BUILD_ID_SIZE])
{
    struct gruvid__image *image = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char why[400];
    bool found;

    if (fd < 0)
        return false;
    found = gruvid__image_open(&image, fd, why, sizeof why) == 0 &&
            gruvid__build_find(image, id);
    gruvid__image_free(image);
    close(fd);
    return found;
}

/* A folder of a path, with $ORIGIN filled in; false: it is not to be had. */
static bool
fill_in(char folder[PATH_MAX], const char *text, size_t length,
        const char *file)
{
    static const char *const names[] = {"$ORIGIN", "${ORIGIN}"};
    const char *rest = text;
    int origin = 0;

    for (size_t i = 0; i < 2; i++)
        if (strncmp(text, names[i], strlen(names[i])) == 0) {
            rest = text + strlen(names[i]);
            origin = (int)(last_part(file) - file);
        }
    length -= (size_t)(rest - text);
    return memchr(rest, '$', length) == NULL &&
           snprintf(folder, PATH_MAX, "%.*s%.*s", origin, file, (int)length,
                    rest) < PATH_MAX;
}

/* Look for a library in the folders of a path, which may be NULL. */
static bool
find_in_path(const char *path, const char *file, const char *name,
             char found[PATH_MAX], char id[GRUVID__BUILD_ID_SIZE])
{
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        char folder[PATH_MAX];

        if (length > 0 && fill_in(folder, path, length, file) &&
            snprintf(found, PATH_MAX, "%s/%s", folder, name) < PATH_MAX &&
            find_id(found, id))
            return true;
        path += length + (path[length] == ':');
    }
    return false;
}

static const char *
path_of(const struct gruvid__image *image, long tag)
{
    const ElfW(Dyn) *entry = gruvid__image_dynamic(image, tag);

    return entry != NULL ? gruvid__image_name(image, entry->d_un.d_val) : NULL;
}

/* In the order of ld.so(8). */
static bool
find_named(const struct gruvid__image *image, const char *file,
           const char *name, char found[PATH_MAX],
           char id[GRUVID__BUILD_ID_SIZE])
{
    const char *runpath = path_of(image, DT_RUNPATH);

    return (runpath == NULL &&
            find_in_path(path_of(image, DT_RPATH), file, name, found, id)) ||
           find_in_path(secure_getenv("LD_LIBRARY_PATH"), file, name, found,
                        id) ||
           find_in_path(runpath, file, name, found, id);
}

/* --- both ----------------------------------------------------------------- */

static int
check_library(const struct gruvid__image *image, const char *file,
              const struct library *library, bool again, char *why,
              size_t why_size)
{
    char found[PATH_MAX], id[GRUVID__BUILD_ID_SIZE];

    if (library->mapping.id[0] == '\0')
        return 0;
    if (!again || strchr(library->name, '/') != NULL ||
        !find_named(image, file, library->name, found, id)) {
        snprintf(found, sizeof found, "%s", library->path);
        if (!find_id(found, id))
            return 0;
    }
    if (strcmp(id, library->mapping.id) == 0)
        return 0;
    snprintf(why, why_size,
             "it needs %s, and gruvid runs with another build of that (from "
             "%s, build-id %.16s) than %s is now (build-id %.16s), which would "
             "not be used: restart gruvid, or give the new library another "
             "SONAME",
             library->name, library->path, library->mapping.id, found, id);
    return UV_EINVAL;
}

int
gruvid__needed_check(const struct gruvid__image *image, const char *file,
                     bool again, char *why, size_t why_size)
{
    int err = 0;

    for (size_t i = 0;
         i < image->n_dynamic && err == 0 && image->dynamic[i].d_tag != DT_NULL;
         i++) {
        struct library library = {0};

        if (image->dynamic[i].d_tag != DT_NEEDED)
            continue;
        library.name = gruvid__image_name(image, image->dynamic[i].d_un.d_val);
        if (library.name == NULL)
            continue;
        if (dl_iterate_phdr(on_library, &library) == 0)
            continue;
        if (library.path == NULL) {
            snprintf(why, why_size, "out of memory");
            return UV_ENOMEM;
        }
        err = check_library(image, file, &library, again, why, why_size);
        free(library.path);
    }
    return err;
}
