/* SPDX-License-Identifier: MIT */
/*
 * What level 0 asks of the machine, without libcheck, for a processor that an
 * emulator runs: a guard cannot be read, and there is no shadow stack.
 */
#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/shadow_stack.h"
#include "base/stack_guard.h"

static int
reads(const char *page)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = write(fd, page, sizeof(uint64_t)) < 0 ? errno : 0;

    close(fd);
    return error;
}

static int
guards(void)
{
    size_t size = gruvi__page_size();
    char *pages = mmap(NULL, 3 * size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return gruvi__guard_install(pages, 2 * size) >= 0 &&
           reads(pages) == EFAULT && reads(pages + size) == EFAULT &&
           reads(pages + 2 * size) == 0;
}

int
main(void)
{
    int failed = 0;

    if (!guards()) {
        puts("what is guarded can be read");
        failed++;
    }
    if (gruvi__shadow_stack_in_the_way()) {
        puts("there is a shadow stack");
        failed++;
    }
    printf("%d passed, %d failed\n", 2 - failed, failed);
    return failed;
}
