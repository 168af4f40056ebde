/* SPDX-License-Identifier: MIT */
/* The headers and symbols of a plugin out of nothing: any bytes as its file. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module/build.h"
#include "module/image.h"
#include "module/needed.h"
#include "module/unique.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const struct gruvid__image *image)
{
    char id[GRUVID__BUILD_ID_SIZE], why[200];
    struct gruvid__unique unique;
    gruvid__digest_t digest;

    gruvid__build_of_file(image, id, &digest);
    gruvid__unique_check(&unique, image, "/nowhere/fuzz.so", why, sizeof why);
    gruvid__needed_check(image, "/nowhere/fuzz.so", true, why, sizeof why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct gruvid__image *image;
    char why[200];

    if (fd < 0)
        fd = memfd_create("plugin", MFD_CLOEXEC);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    if (gruvid__image_open(&image, fd, why, sizeof why) == 0)
        look(image);
    gruvid__image_free(image);
    return 0;
}
