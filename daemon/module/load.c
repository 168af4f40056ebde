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
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <gruvi/exception.h>
#include <gruvi/inspect.h>

#include "module/candidate.h"
#include "module/needed.h"
#include "module/opening.h"
#include "module/trial.h"

/* A path of a module, with what was opened of it. */
struct gruvid__module_file {
    struct gruvid__module_file *next;
    const struct gruvid__module *current; /* atomic */
    unsigned attempts;                    /* texts of the path that were used */
    unsigned builds;
    gruvid__digest_t named; /* content that has a build's id, and was logged */
    size_t dir_length;
    char path[];
};

/* One at a time: a constructor that crashes is named, and of two threads that
 * find the same new build one opens it. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

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
               const struct gruvid__candidate *candidate)
{
    for (struct gruvid__module *m = modules->first; m != NULL; m = m->next)
        if (m->file_stat.st_dev == candidate->st.st_dev &&
            m->file_stat.st_ino == candidate->st.st_ino)
            return m->digest != candidate->digest;
    return false;
}

static void
free_module(struct gruvid__module *module)
{
    free(module->file);
    free(module->path);
    free(module->refused);
    free(module->unique);
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

static const char *
advice(const struct gruvid__candidate *candidate, const char *reason)
{
    struct statvfs fs;

    if (strstr(reason, "static TLS") != NULL)
        return "; each build that is opened takes some of that room for good: "
               "restart gruvid, and compile without -ftls-model";
    if (strstr(reason, "failed to map segment") != NULL &&
        fstatvfs(candidate->fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC))
        return "; its file system is mounted noexec";
    return "";
}

/* What dlerror() says of a module.  Where a library that it links with is
 * missing, it names only that library. */
static void
explain(struct gruvid__candidate *candidate, const char *text)
{
    const char *reason = dlerror(), *more = advice(candidate, reason);

    if (strncmp(reason, text, strlen(text)) == 0)
        reason += strlen(text) + strspn(reason + strlen(text), ": ");
    gruvid__candidate_refuse(candidate, "%s%s", reason, more);
}

static void *
open_library(struct gruvid__candidate *candidate, const char *path,
             const char *text)
{
    void *handle;

    gruvid__opening_begin(path);
    handle = dlopen(text, RTLD_NOW | RTLD_LOCAL);
    gruvid__opening_end();
    if (handle == NULL) {
        explain(candidate, text);
        return NULL;
    }
    gruvi__modules_update();
    gruvi__cxx_find(handle);
    return handle;
}

/* What cannot be undone once it is open. */
static bool
check_surroundings(struct gruvid__candidate *candidate,
                   const struct gruvid__module_file *file)
{
    if (gruvid__needed_check(candidate->image, file->path, file->builds > 0,
                             candidate->why, sizeof candidate->why) < 0 ||
        gruvid__unique_check(&candidate->unique, candidate->image, file->path,
                             candidate->why, sizeof candidate->why) < 0)
        return false;
    if (candidate->unique.shared[0] != '\0')
        gruvi_warning("%s: the new build shares objects with the ones before "
                      "it, which keep their values: %s; -fno-gnu-unique gives "
                      "each build its own",
                      file->path, candidate->unique.shared);
    return true;
}

/* Without a build-id of the linker's the file has to be the same as before. */
static bool
is_what_was_checked(const struct gruvid__candidate *candidate, const char *path,
                    const struct gruvid__mapping *mapping)
{
    struct stat now;

    if (strcmp(candidate->id, mapping->id) == 0)
        return true;
    return mapping->id[0] == '\0' && strncmp(candidate->id, "file-", 5) == 0 &&
           stat(path, &now) == 0 && now.st_dev == candidate->st.st_dev &&
           now.st_ino == candidate->st.st_ino;
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
make_module(struct gruvid__module_file *file,
            const struct gruvid__candidate *candidate,
            const struct gruvid__mapping *mapping, const char *name,
            const char *text)
{
    struct gruvid__module *module = calloc(1, sizeof *module);

    if (module == NULL)
        return NULL;
    module->file = strdup(file->path);
    module->path = strdup(text);
    module->unique = strdup(candidate->unique.own);
    if (module->file == NULL || module->path == NULL ||
        module->unique == NULL) {
        free_module(module);
        return NULL;
    }
    strcpy(module->name, name);
    strcpy(module->build_id, candidate->id);
    module->build = ++file->builds;
    module->start = mapping->start;
    module->end = mapping->end;
    module->mapped = mapping->size;
    module->file_stat = candidate->st;
    module->settled = gruvid__candidate_is_settled(candidate);
    module->digest = candidate->digest;
    measure_tls(module, candidate->image);
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

/* A build that is kept is refused for good, so only for what does not pass. */
static struct gruvid__module *
try_build(struct gruvid__module_file *file, struct gruvid__candidate *candidate,
          const char *name, const char *text)
{
    struct gruvid__mapping mapping = {0};
    struct gruvid__module *module;
    void *handle = open_library(candidate, file->path, text);
    int changed;

    if (handle == NULL)
        return NULL;
    if (!gruvid__build_of_handle(&mapping, handle) ||
        !is_what_was_checked(candidate, file->path, &mapping)) {
        gruvid__candidate_refuse(candidate,
                                 "the file was replaced while it was being "
                                 "opened; try again once it is installed");
        return NULL;
    }
    changed = gruvid__candidate_has_changed(candidate);
    if (changed < 0) {
        gruvid__candidate_refuse(candidate, "cannot be read: %s",
                                 strerror(-changed));
        return NULL;
    }
    module = make_module(file, candidate, &mapping, name, text);
    if (module == NULL)
        gruvid__candidate_refuse(candidate, "out of memory");
    else if (changed == 0)
        take_descriptor(module, handle, &candidate->abi);
    else
        module->refused = strdup("the file was written to while it was being "
                                 "opened; install by rename, once it is whole");
    return module;
}

static struct gruvid__module *
open_build(struct gruvid__modules *modules, struct gruvid__module_file *file,
           struct gruvid__candidate *candidate, const char *name)
{
    char *text, dir[PATH_MAX];
    struct gruvid__module *module;

    snprintf(dir, sizeof dir, "%.*s", (int)file->dir_length, file->path);
    if (gruvid__trial(modules->trial_program, dir, name, modules->trial_seconds,
                      candidate->why, sizeof candidate->why) < 0)
        return NULL;
    text = next_text(file);
    if (text == NULL) {
        gruvid__candidate_refuse(candidate, "out of memory");
        return NULL;
    }
    module = try_build(file, candidate, name, text);
    free(text);
    if (module == NULL)
        return NULL;
    module->next = modules->first;
    __atomic_store_n(&modules->first, module, __ATOMIC_RELEASE);
    if (modules->trial_program != NULL && is_good(module))
        gruvi_info("%s: build %u is open, build-id %s, %zu KiB", file->path,
                   module->build, module->build_id, module->mapped / 1024);
    return module;
}

/* Stripping a file changes no code, and does not change its build-id; but a
 * linker may have been told what that is. */
static void
name_difference(struct gruvid__module_file *file,
                const struct gruvid__module *module,
                const struct gruvid__candidate *candidate)
{
    if (module->digest == candidate->digest || file->named == candidate->digest)
        return;
    file->named = candidate->digest;
    gruvi_warning(
        "%s: the file has changed, and its build-id %s has not: it is "
        "taken for build %u, which is in use",
        file->path, module->build_id, module->build);
}

static const struct gruvid__module *
find_or_open(struct gruvid__modules *modules, struct gruvid__module_file *file,
             struct gruvid__candidate *candidate, const char *name)
{
    const struct gruvid__module *current = file->current;
    bool settled = current != NULL && current->settled;
    struct gruvid__module *module;

    if (!gruvid__candidate_open(candidate, file->path,
                                settled ? &current->file_stat : NULL))
        return current != NULL &&
                       gruvid__candidate_is(candidate, &current->file_stat)
                   ? current
                   : NULL;
    if (candidate->unchanged)
        return current;
    if (is_overwritten(modules, candidate)) {
        gruvid__candidate_refuse(
            candidate, "the file was overwritten while gruvid runs it, so that "
                       "its code has changed under it: restart gruvid, and "
                       "install by rename (install or mv, not cp)");
        return NULL;
    }
    module = find_build(modules, file->path, candidate->id);
    if (module != NULL)
        name_difference(file, module, candidate);
    else if (check_surroundings(candidate, file))
        module = open_build(modules, file, candidate, name);
    if (module == NULL || is_good(module))
        return module;
    gruvid__candidate_refuse(candidate, "%s",
                             module->refused != NULL ? module->refused
                                                     : "out of memory");
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
    struct gruvid__candidate candidate = {.fd = -1, .why = "out of memory"};
    char path[PATH_MAX];
    const struct gruvid__module *module = NULL;
    struct gruvid__module_file *file;

    if (!put_path(path, dir, name)) {
        snprintf(why, why_size, "%s: not the name of a plugin", name);
        return NULL;
    }
    pthread_mutex_lock(&one_at_a_time);
    file = find_or_add_file(modules, path);
    if (file != NULL)
        module = find_or_open(modules, file, &candidate, name);
    gruvid__candidate_close(&candidate);
    if (module != NULL)
        __atomic_store_n(&file->current, module, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&one_at_a_time);
    if (module == NULL)
        snprintf(why, why_size, "%s: %s", path, candidate.why);
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
