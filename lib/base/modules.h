/* SPDX-License-Identifier: MIT */
/*
 * The objects that are loaded, in a list of our own: see modules.c, and
 * gruvi/inspect.h for what reads it.
 */
#ifndef GRUVI_BASE_MODULES_H
#define GRUVI_BASE_MODULES_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

#include <gruvi/inspect.h>

#include "base/cfi.h"

/* Its table of dynamic symbols, where it is mapped. */
struct gruvi__symbols {
    const ElfW(Sym) * at;
    size_t n;
    const char *names;
    size_t names_size;
};

struct gruvi__loaded {
    gruvi__module_t module;
    struct gruvi__symbols symbols;
    struct gruvi__cfi cfi;
    struct gruvi__loaded *next; /* found before */
    bool gone;                  /* atomic: it was unloaded */
    bool seen;                  /* by the update that runs */
};

/* As gruvi__module_at(), with all that is known. */
const struct gruvi__loaded *gruvi__loaded_at(uintptr_t address);

/* Find the build-id in a segment of notes, of size bytes and aligned to 4 or 8;
 * without one, module stays as it is. */
void gruvi__build_id_find(gruvi__module_t *module, uintptr_t at, size_t size,
                          size_t align);

/* Find the symbols of an object: outside of handlers, while it is loaded. */
void gruvi__symbols_find(struct gruvi__symbols *symbols, uintptr_t bias,
                         const ElfW(Dyn) * dynamic);

/* The function at an address, or NULL.  Async-signal-safe. */
const char *gruvi__symbols_name(const struct gruvi__symbols *symbols,
                                uintptr_t bias, uintptr_t address,
                                size_t *offset);

#endif
