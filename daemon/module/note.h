/* SPDX-License-Identifier: MIT */
/* What a plugin's file says about itself before it is opened as a library. */
#ifndef GRUVID_PLUGIN_NOTE_H
#define GRUVID_PLUGIN_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvid/plugin.h>

/* The numbers of a .note.gruvid. */
struct gruvid__abi {
    uint32_t major;
    uint32_t minor;
    uint32_t descriptor_size;
    uint32_t option_size;
};

/* Those of this gruvid. */
extern const struct gruvid__abi gruvid__abi;

/*
 * Read the note of a file.  The file may hold anything.
 *
 *   abi   the result; all 0 on failure
 *   fd    borrowed; its position is neither used nor changed
 *   why   where to put a sentence about a failure, without the file's name
 *
 * Returns 0.
 * Errors:  UV_EINVAL: not a plugin, or one for another machine; UV_EIO: could
 *          not be read.
 */
int gruvid__note_read(struct gruvid__abi *abi, int fd, char *why,
                      size_t why_size);

/*
 * Whether a gruvid with the numbers ours takes a plugin with theirs: the same
 * major, no newer minor, and structs that can be what they say.
 *
 *   why   as above
 */
bool gruvid__abi_accepts(const struct gruvid__abi *ours,
                         const struct gruvid__abi *theirs, char *why,
                         size_t why_size);

/*
 * Copy the descriptor of a plugin that is accepted.  What its minor did not
 * have is 0, whatever the plugin has there.
 *
 *   from  theirs->descriptor_size bytes
 */
void gruvid__descriptor_copy(gruvid_descriptor_t *to, const void *from,
                             const struct gruvid__abi *theirs);

#endif
