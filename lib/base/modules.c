/* SPDX-License-Identifier: MIT */
/*
 * The objects that are loaded.
 *
 *   dl_iterate_phdr() --> list, newest first --> a handler looks along it
 *
 * A handler may have interrupted the dynamic linker, which holds its locks; so
 * it never asks it.  The list only grows, at its head: whoever reads it needs
 * no lock, and what was found stays valid.  An object that was unloaded is
 * marked. So each object costs some 200 bytes for good, and nothing each
 * update.
 */
#include "base/modules.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uv.h>

#include "base/fork_lock.h"
#include "base/threads.h"

static struct gruvi__loaded *newest; /* atomic */
GRUVI__FORK_LOCK(lock);

/* --- what an object says of itself ------------------------------------------
 */

static uintptr_t
aligned(uintptr_t n, uintptr_t to)
{
    return (n + to - 1) & ~(to - 1);
}

/* A segment of notes: each has a name, and a description that begins and ends
 * where the segment's alignment lets it, counted from the note. */
void
gruvi__build_id_find(gruvi__module_t *module, uintptr_t at, size_t size,
                     size_t align)
{
    align = align == 8 ? 8 : 4;
    while (module->build_id_size == 0 && size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)at;
        uintptr_t text = aligned(sizeof *note + note->n_namesz, align);
        uintptr_t end = text + note->n_descsz, next = aligned(end, align);

        if (end > size)
            return;
        if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
            memcmp(note + 1, "GNU", 4) == 0 &&
            note->n_descsz <= GRUVI__BUILD_ID) {
            memcpy(module->build_id, (const char *)at + text, note->n_descsz);
            module->build_id_size = (uint8_t)note->n_descsz;
        }
        if (next > size)
            return;
        at += next;
        size -= next;
    }
}

/* "" is the program's; a name without a slash the vdso's. */
static char *
absolute_path(const char *path)
{
    char text[PATH_MAX], *whole;
    ssize_t n;

    if (path[0] == '\0') {
        n = readlink("/proc/self/exe", text, sizeof text - 1);
        text[n < 0 ? 0 : n] = '\0';
        return strdup(text);
    }
    if (path[0] == '/' || strchr(path, '/') == NULL ||
        getcwd(text, sizeof text) == NULL)
        return strdup(path);
    whole = malloc(strlen(text) + 1 + strlen(path) + 1);
    if (whole != NULL)
        stpcpy(stpcpy(stpcpy(whole, text), "/"), path);
    return whole;
}

static void
find_code(gruvi__module_t *module, const ElfW(Phdr) * segment)
{
    uintptr_t low = module->bias + segment->p_vaddr;
    uintptr_t high = low + segment->p_memsz;

    if (module->high == 0 || low < module->low)
        module->low = low;
    if (high > module->high)
        module->high = high;
}

static void
describe(struct gruvi__loaded *loaded, const struct dl_phdr_info *info)
{
    gruvi__module_t *module = &loaded->module;

    module->bias = info->dlpi_addr;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X))
            find_code(module, segment);
        else if (segment->p_type == PT_NOTE)
            gruvi__build_id_find(module, module->bias + segment->p_vaddr,
                                 segment->p_memsz, segment->p_align);
        else if (segment->p_type == PT_GNU_EH_FRAME)
            loaded->cfi = (struct gruvi__cfi){
                .index = module->bias + segment->p_vaddr,
                .size = segment->p_memsz,
            };
        else if (segment->p_type == PT_DYNAMIC)
            gruvi__symbols_find(
                &loaded->symbols, module->bias,
                (const void *)(module->bias + segment->p_vaddr));
    }
}

/* --- the list
 * ----------------------------------------------------------------- */

static bool
is_same(const gruvi__module_t *a, const gruvi__module_t *b)
{
    return a->low == b->low && a->high == b->high && a->bias == b->bias &&
           a->build_id_size == b->build_id_size &&
           memcmp(a->build_id, b->build_id, a->build_id_size) == 0;
}

/* Whether it is the same file; that of the program is asked for once. */
static bool
is_same_path(const gruvi__module_t *module, const char *name)
{
    size_t ours = strlen(module->path), theirs = strlen(name);

    return theirs <= ours && strcmp(module->path + (ours - theirs), name) == 0;
}

static struct gruvi__loaded *
find_known(const gruvi__module_t *module, const char *name)
{
    struct gruvi__loaded *loaded = newest;

    while (loaded != NULL &&
           (loaded->gone || !is_same(&loaded->module, module) ||
            !is_same_path(&loaded->module, name)))
        loaded = loaded->next;
    return loaded;
}

static int
add(const struct gruvi__loaded *found, const char *name)
{
    struct gruvi__loaded *loaded = malloc(sizeof *loaded);
    char *path = absolute_path(name);

    if (loaded == NULL || path == NULL) {
        free(loaded);
        free(path);
        return UV_ENOMEM;
    }
    *loaded = *found;
    loaded->module.path = path;
    loaded->seen = true;
    loaded->next = newest;
    gruvi__atomic_store(&newest, loaded, __ATOMIC_RELEASE);
    return 0;
}

static int
look(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct gruvi__loaded found, *known;
    int *err = arg, failed = 0;

    (void)size;
    memset(&found, 0, sizeof found);
    describe(&found, info);
    if (found.module.high == 0)
        return 0;
    known = find_known(&found.module, info->dlpi_name);
    if (known != NULL)
        known->seen = true;
    else
        failed = add(&found, info->dlpi_name);
    if (failed < 0)
        *err = failed;
    return 0;
}

int
gruvi__modules_update(void)
{
    struct gruvi__loaded *loaded;
    int err = 0;

    gruvi__mutex_lock(&lock);
    for (loaded = newest; loaded != NULL; loaded = loaded->next)
        loaded->seen = false;
    dl_iterate_phdr(look, &err);
    for (loaded = newest; loaded != NULL; loaded = loaded->next)
        if (!loaded->seen)
            gruvi__atomic_store(&loaded->gone, true, __ATOMIC_RELAXED);
    gruvi__mutex_unlock(&lock);
    return err;
}

/* --- for handlers
 * -------------------------------------------------------------- */

const struct gruvi__loaded *
gruvi__loaded_at(uintptr_t address)
{
    const struct gruvi__loaded *loaded =
        gruvi__atomic_load(&newest, __ATOMIC_ACQUIRE);

    for (; loaded != NULL; loaded = loaded->next)
        if (address >= loaded->module.low && address < loaded->module.high &&
            !gruvi__atomic_load(&loaded->gone, __ATOMIC_RELAXED))
            return loaded;
    return NULL;
}

const gruvi__module_t *
gruvi__module_at(uintptr_t address)
{
    const struct gruvi__loaded *loaded = gruvi__loaded_at(address);

    return loaded == NULL ? NULL : &loaded->module;
}

const char *
gruvi__function_at(uintptr_t address, size_t *offset)
{
    const struct gruvi__loaded *loaded = gruvi__loaded_at(address);

    *offset = 0;
    if (loaded == NULL)
        return NULL;
    return gruvi__symbols_name(&loaded->symbols, loaded->module.bias, address,
                               offset);
}

const char *
gruvi__module_name(const gruvi__module_t *module)
{
    const char *slash = strrchr(module->path, '/');

    return slash == NULL ? module->path : slash + 1;
}

void
gruvi__build_id_text(const gruvi__module_t *module, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < module->build_id_size; i++) {
        *text++ = digits[module->build_id[i] >> 4];
        *text++ = digits[module->build_id[i] & 15];
    }
    *text = '\0';
}
