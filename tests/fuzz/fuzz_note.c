/* SPDX-License-Identifier: MIT */
/* The note of a plugin out of nothing: any bytes as the file of a plugin, and
 * any numbers as its ABI. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct gruvid__abi abi;
    char why[200];

    if (fd < 0)
        fd = memfd_create("plugin", MFD_CLOEXEC);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    if (gruvid__note_read(&abi, fd, why, sizeof why) == 0)
        gruvid__abi_accepts(&gruvid__abi, &abi, why, sizeof why);
    return 0;
}
