/* SPDX-License-Identifier: MIT */
/*
 * Opening a module.  What can be found out without running its code is checked
 * first: that the file is there, is a plugin, and was made for this gruvid.
 *
 * RTLD_NOW, so that a missing symbol is found by gruvid -t and not by the
 * first connection; RTLD_LOCAL, so that two plugins may use the same names.
 *
 * glibc knows a library by the text of its path, and by its device and inode.
 * A file that was replaced has another inode, and is opened by another text:
 *
 *     plugin_dir/NAME.so, plugin_dir/./NAME.so, plugin_dir/././NAME.so, ...
 *
 * The text leads to a file that somebody may replace between the checks and
 * dlopen(), so what is in memory afterwards has to be what was checked.
 */
#include "module/load.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gruvi/exception.h>
#include <gruvi/inspect.h>

#include "module/image.h"
#include "module/needed.h"
#include "module/note.h"
#include "module/opening.h"
#include "module/unique.h"
#include "os/owner.h"

/* A path of a module, with what was opened of it. */
struct gruvid__module_file {
    struct gruvid__module_file *next;
    const struct gruvid__module *current; /* atomic */
    unsigned attempts;                    /* texts of the path that were used */
    unsigned builds;
    size_t dir_length;
    char path[];
};

/* A file while it is looked at. */
struct source {
    int fd;
    struct stat st;
    struct gruvid__abi abi;
    struct gruvid__image *image;
    char id[GRUVID__BUILD_ID_SIZE];
    gruvid__digest_t digest;
    char *why;
    size_t why_size;
};

/* One at a time: a constructor that crashes is named, and of two threads that
 * find the same new build one opens it. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static bool __attribute__((format(printf, 2, 3)))
refuse(const struct source *source, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(source->why, source->why_size, format, args);
    va_end(args);
    return false;
}

/* --- the file ------------------------------------------------------------- */

static bool
is_bare(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
           strlen(name) < sizeof((struct gruvid__module *)NULL)->name;
}

static struct gruvid__module_file *
find_file(const struct gruvid__modules *modules, const char *path)
{
    struct gruvid__module_file *file =
        __atomic_load_n(&modules->files, __ATOMIC_ACQUIRE);

    while (file != NULL && strcmp(file->path, path) != 0)
        file = file->next;
    return file;
}

static struct gruvid__module_file *
find_or_add_file(struct gruvid__modules *modules, const char *path)
{
    struct gruvid__module_file *file = find_file(modules, path);

    if (file != NULL)
        return file;
    file = calloc(1, sizeof *file + strlen(path) + 1);
    if (file == NULL)
        return NULL;
    strcpy(file->path, path);
    file->dir_length = (size_t)(strrchr(path, '/') - path);
    file->next = modules->files;
    __atomic_store_n(&modules->files, file, __ATOMIC_RELEASE);
    return file;
}

static bool
check_source(struct source *source)
{
    return gruvid__note_read(&source->abi, source->fd, source->why,
                             source->why_size) == 0 &&
           gruvid__abi_accepts(&gruvid__abi, &source->abi, source->why,
                               source->why_size) &&
           gruvid__image_open(&source->image, source->fd, source->why,
                              source->why_size) == 0;
}

static bool
open_source(struct source *source, const char *path)
{
    int err;

    if (gruvid__owner_check(path, source->why, source->why_size) < 0)
        return false;
    /* So that a FIFO does not wait for its other end. */
    source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->fd < 0)
        return refuse(source, "%s",
                      errno == ENOENT ? "there is no such plugin"
                                      : strerror(errno));
    if (fstat(source->fd, &source->st) < 0)
        return refuse(source, "cannot be read: %s", strerror(errno));
    if (!check_source(source))
        return false;
    err = gruvid__build_of_file(source->image, source->id, &source->digest);
    return err == 0 || refuse(source, "cannot be read: %s", uv_strerror(err));
}

static void
close_source(struct source *source)
{
    gruvid__image_free(source->image);
    if (source->fd >= 0)
        close(source->fd);
}

/* --- what is open --------------------------------------------------------- */

static struct gruvid__module *
find_build(const struct gruvid__modules *modules, const char *path,
           const char *id)
{
    for (struct gruvid__module *m = modules->first; m != NULL; m = m->next)
        if (strcmp(m->file, path) == 0 && strcmp(m->build_id, id) == 0)
            return m;
    return NULL;
}

/* Pages of a mapped file that nobody has written to are the file's. */
static bool
is_overwritten(const struct gruvid__modules *modules,
               const struct source *source)
{
    for (struct gruvid__module *m = modules->first; m != NULL; m = m->next)
        if (m->dev == source->st.st_dev && m->ino == source->st.st_ino)
            return m->digest != source->digest;
    return false;
}

static void
free_module(struct gruvid__module *module)
{
    free(module->file);
    free(module->path);
    free(module->refused);
    free(module);
}

/* --- opening -------------------------------------------------------------- */

/* As many texts as anybody needs, and the first ones short. */
#define DOTS 64

static char *
next_text(struct gruvid__module_file *file)
{
    unsigned n = file->attempts++;
    size_t slashes = 1 + n / DOTS, dots = n % DOTS;
    const char *name = file->path + file->dir_length + 1;
    char *text =
        malloc(file->dir_length + slashes + 2 * dots + strlen(name) + 1);
    char *end;

    if (text == NULL)
        return NULL;
    end = mempcpy(text, file->path, file->dir_length);
    while (slashes-- > 0)
        *end++ = '/';
    while (dots-- > 0)
        end = stpcpy(end, "./");
    strcpy(end, name);
    return text;
}

/* What dlerror() says of a module.  Where a library that it links with is
 * missing, it names only that library. */
static void
explain(const struct source *source, const char *text)
{
    const char *reason = dlerror();
    bool no_room = strstr(reason, "static TLS") != NULL;

    if (strncmp(reason, text, strlen(text)) == 0)
        reason += strlen(text) + strspn(reason + strlen(text), ": ");
    refuse(source, "%s%s", reason,
           no_room ? "; each build that is opened takes some of that room for "
                     "good: restart gruvid, and compile without -ftls-model"
                   : "");
}

static void *
open_library(struct source *source, const char *path, const char *text)
{
    void *handle;

    gruvid__opening_begin(path);
    handle = dlopen(text, RTLD_NOW | RTLD_LOCAL);
    gruvid__opening_end();
    if (handle == NULL) {
        explain(source, text);
        return NULL;
    }
    gruvi__modules_update();
    gruvi__cxx_find(handle);
    return handle;
}

/* What cannot be undone once it is open. */
static bool
check_surroundings(struct source *source,
                   const struct gruvid__module_file *file)
{
    char shared[400];

    if (gruvid__needed_check(source->image, file->path, file->builds > 0,
                             source->why, source->why_size) < 0 ||
        gruvid__unique_check(source->image, file->path, shared, sizeof shared,
                             source->why, source->why_size) < 0)
        return false;
    if (shared[0] != '\0')
        gruvi_warning("%s: the new build shares objects with the ones before "
                      "it, which keep their values: %s; -fno-gnu-unique gives "
                      "each build its own",
                      file->path, shared);
    return true;
}

/* Without a build-id of the linker's the file has to be the same as before. */
static bool
is_what_was_checked(const struct source *source, const char *path,
                    const struct gruvid__mapping *mapping)
{
    struct stat now;

    if (strcmp(source->id, mapping->id) == 0)
        return true;
    return mapping->id[0] == '\0' && strncmp(source->id, "file-", 5) == 0 &&
           stat(path, &now) == 0 && now.st_dev == source->st.st_dev &&
           now.st_ino == source->st.st_ino;
}

static void
measure_tls(struct gruvid__module *module, const struct gruvid__image *image)
{
    const ElfW(Dyn) *flags = gruvid__image_dynamic(image, DT_FLAGS);

    for (unsigned i = 0; i < image->n_segments; i++)
        if (image->segments[i].p_type == PT_TLS)
            module->tls = image->segments[i].p_memsz;
    module->static_tls = module->tls > 0 && flags != NULL &&
                         (flags->d_un.d_val & DF_STATIC_TLS) != 0;
}

static struct gruvid__module *
make_module(struct gruvid__module_file *file, const struct source *source,
            const struct gruvid__mapping *mapping, const char *name,
            const char *text)
{
    struct gruvid__module *module = calloc(1, sizeof *module);

    if (module == NULL)
        return NULL;
    module->file = strdup(file->path);
    module->path = strdup(text);
    if (module->file == NULL || module->path == NULL) {
        free_module(module);
        return NULL;
    }
    strcpy(module->name, name);
    strcpy(module->build_id, source->id);
    module->build = ++file->builds;
    module->start = mapping->start;
    module->end = mapping->end;
    module->mapped = mapping->size;
    module->dev = source->st.st_dev;
    module->ino = source->st.st_ino;
    module->digest = source->digest;
    measure_tls(module, source->image);
    return module;
}

static void
take_descriptor(struct gruvid__module *module, void *handle,
                const struct gruvid__abi *abi)
{
    const gruvid_descriptor_t *descriptor = dlsym(handle, "gruvid_plugin");

    if (descriptor == NULL || descriptor->name == NULL) {
        module->refused =
            strdup("not a plugin: it has no descriptor gruvid_plugin");
        return;
    }
    if (strcmp(descriptor->name, module->name) != 0) {
        if (asprintf(&module->refused,
                     "it calls itself \"%s\"; the file of that plugin is "
                     "%s.so",
                     descriptor->name, descriptor->name) < 0)
            module->refused = NULL;
        return;
    }
    gruvid__descriptor_copy(&module->descriptor, descriptor, abi);
    module->option_size = abi->option_size;
    module->abi_minor = abi->minor;
}

/* Whether it is of use; without memory the reason may be missing. */
static bool
is_good(const struct gruvid__module *module)
{
    return module->refused == NULL && module->descriptor.name != NULL;
}

static struct gruvid__module *
open_build(struct gruvid__modules *modules, struct gruvid__module_file *file,
           struct source *source, const char *name)
{
    struct gruvid__module *module = NULL;
    struct gruvid__mapping mapping = {0};
    char *text = next_text(file);
    void *handle = NULL;

    if (text == NULL)
        refuse(source, "out of memory");
    else
        handle = open_library(source, file->path, text);
    if (handle != NULL && (!gruvid__build_of_handle(&mapping, handle) ||
                           !is_what_was_checked(source, file->path, &mapping)))
        refuse(source, "the file was replaced while it was being opened; try "
                       "again once it is installed");
    else if (handle != NULL) {
        module = make_module(file, source, &mapping, name, text);
        if (module == NULL)
            refuse(source, "out of memory");
    }
    free(text);
    if (module == NULL)
        return NULL;
    take_descriptor(module, handle, &source->abi);
    module->next = modules->first;
    __atomic_store_n(&modules->first, module, __ATOMIC_RELEASE);
    return module;
}

static const struct gruvid__module *
find_or_open(struct gruvid__modules *modules, struct gruvid__module_file *file,
             struct source *source, const char *name)
{
    struct gruvid__module *module;

    if (!open_source(source, file->path))
        return NULL;
    if (is_overwritten(modules, source)) {
        refuse(source,
               "the file was overwritten while gruvid runs it, so that its "
               "code has changed under it: restart gruvid, and install by "
               "rename (install or mv, not cp)");
        return NULL;
    }
    module = find_build(modules, file->path, source->id);
    if (module == NULL && check_surroundings(source, file))
        module = open_build(modules, file, source, name);
    if (module == NULL || is_good(module))
        return module;
    refuse(source, "%s",
           module->refused != NULL ? module->refused : "out of memory");
    return NULL;
}

/* --- the whole ------------------------------------------------------------ */

static bool
put_path(char path[PATH_MAX], const char *dir, const char *name)
{
    return is_bare(name) &&
           snprintf(path, PATH_MAX, "%s/%s.so", dir, name) < PATH_MAX;
}

const struct gruvid__module *
gruvid__module_open(struct gruvid__modules *modules, const char *dir,
                    const char *name, char *why, size_t why_size)
{
    char path[PATH_MAX], reason[800] = "out of memory";
    struct source source = {.fd = -1, .why = reason, .why_size = sizeof reason};
    const struct gruvid__module *module = NULL;
    struct gruvid__module_file *file;

    if (!put_path(path, dir, name)) {
        snprintf(why, why_size, "%s: not the name of a plugin", name);
        return NULL;
    }
    pthread_mutex_lock(&one_at_a_time);
    file = find_or_add_file(modules, path);
    if (file != NULL)
        module = find_or_open(modules, file, &source, name);
    close_source(&source);
    if (module != NULL)
        __atomic_store_n(&file->current, module, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&one_at_a_time);
    if (module == NULL)
        snprintf(why, why_size, "%s: %s", path, reason);
    return module;
}

const struct gruvid__module *
gruvid__module_current(struct gruvid__modules *modules, const char *dir,
                       const char *name)
{
    char path[PATH_MAX];
    const struct gruvid__module_file *file = NULL;

    if (put_path(path, dir, name))
        file = find_file(modules, path);
    return file != NULL ? __atomic_load_n(&file->current, __ATOMIC_ACQUIRE)
                        : NULL;
}

const struct gruvid__module *
gruvid__modules_first(const struct gruvid__modules *modules)
{
    return __atomic_load_n(&modules->first, __ATOMIC_ACQUIRE);
}

void
gruvid__modules_free(struct gruvid__modules *modules)
{
    while (modules->first != NULL) {
        struct gruvid__module *module = modules->first;

        modules->first = module->next;
        free_module(module);
    }
    while (modules->files != NULL) {
        struct gruvid__module_file *file = modules->files;

        modules->files = file->next;
        free(file);
    }
}
