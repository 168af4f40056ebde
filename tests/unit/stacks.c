/* SPDX-License-Identifier: MIT */
/* What the tests of stacks share. */
#include "unit/stacks.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

struct gruvi__arena *arena;

void
stacks_setup(void)
{
    arena = gruvi__arena_new();
    ck_assert_ptr_nonnull(arena);
}

void
stacks_teardown(void)
{
    gruvi__arena_free(arena);
    gruvi__stack_force_mprotect(false);
    ck_assert_int_eq(gruvi__stack_set_default_size(GRUVI__STACK_DEFAULT), 0);
}

struct gruvi__stack *
get(size_t size)
{
    struct gruvi__stack *stack;

    ck_assert_msg(gruvi__stack_alloc(arena, size, &stack) == 0, "%s",
                  gruvi__arena_error(arena));
    return stack;
}

bool
faults(char *addr)
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGSEGV, SIG_DFL);
        *(volatile char *)addr = 1;
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

int
in_child(int (*run)(void))
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(run());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "the child died of signal %d",
                  WTERMSIG(status));
    return WEXITSTATUS(status);
}

bool
is_left_out(const void *at)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    unsigned long low, high;
    bool here = false, left_out = false;
    char line[1024];

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2)
            here = (uintptr_t)at >= low && (uintptr_t)at < high;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            left_out = strstr(line, " dd") != NULL;
    }
    fclose(file);
    return left_out;
}
