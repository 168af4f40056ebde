/* SPDX-License-Identifier: MIT */
/*
 * The memory of a configuration.  All of it hangs on the config and goes with
 * it, so no way out of a function has anything to free.  Text may be a secret
 * before anybody knows its type, so everything is wiped at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

struct gruvid__block {
    struct gruvid__block *next;
    size_t size; /* of memory */
    _Alignas(max_align_t) unsigned char memory[];
};

void *
gruvid__config_alloc(gruvid__config_t *config, size_t count, size_t size)
{
    struct gruvid__block *block = NULL;

    if (size == 0 || count < (SIZE_MAX - sizeof *block) / size)
        block = calloc(1, sizeof *block + count * size);
    if (block == NULL) {
        config->no_memory = true;
        return NULL;
    }
    block->size = count * size;
    block->next = config->blocks;
    config->blocks = block;
    return block->memory;
}

char *
gruvid__config_text(gruvid__config_t *config, const char *text, size_t length)
{
    char *copy = gruvid__config_alloc(config, length + 1, 1);

    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

void
gruvid__config_wipe(gruvid__config_t *config)
{
    while (config->blocks != NULL) {
        struct gruvid__block *block = config->blocks;

        config->blocks = block->next;
        explicit_bzero(block->memory, block->size);
        free(block);
    }
}
