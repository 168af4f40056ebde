/* SPDX-License-Identifier: MIT */
#include "daemon/failing_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/suite.h"

static int *left; /* atomic; shared with gruvid; NULL: not begun */
static char shared[64];

bool
failing_memory_works(void)
{
    const char *flags = getenv("SANITIZER_FLAGS");

    if ((flags == NULL || flags[0] == '\0') && getenv("GRUVID_UNDER") == NULL)
        return true;
    printf("skipped: the allocator is somebody else's\n");
    return false;
}

const char *const *
failing_memory_begin(void)
{
    static char preload[4200], env_shared[80];
    static const char *const env[] = {preload, env_shared, NULL};
    int file;

    snprintf(shared, sizeof shared, "/tmp/gruvid-shared-%d", getpid());
    file = open(shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(ftruncate(file, sizeof *left), 0);
    left =
        mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ck_assert_ptr_ne(left, MAP_FAILED);
    close(file);
    snprintf(preload, sizeof preload,
             "LD_PRELOAD=%s/tests/daemon/.libs/failing_malloc.so",
             getenv("top_builddir"));
    snprintf(env_shared, sizeof env_shared, "FAIL_SHARED=%s", shared);
    return env;
}

void
failing_memory_at(int n)
{
    __atomic_store_n(left, n, __ATOMIC_SEQ_CST);
}

bool
failing_memory_failed(void)
{
    return __atomic_load_n(left, __ATOMIC_SEQ_CST) <= 0;
}

void
failing_memory_end(void)
{
    if (left == NULL)
        return;
    munmap(left, sizeof *left);
    left = NULL;
    unlink(shared);
}
