/* SPDX-License-Identifier: MIT */
/* What the benchmarks of libgruvi share besides bench.h. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <gruvi.h>

#include "bench/bench.h"

static inline void
check(int err)
{
    if (err >= 0)
        return;
    fprintf(stderr, "bench: %s\n", gruvi_strerror(err));
    exit(1);
}

static inline gruvi_fiber_t *
spawn(gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_spawn(target, arg);

    if (fiber == NULL)
        check(gruvi_last_error());
    return fiber;
}

static inline void
finish(gruvi_fiber_t *fiber)
{
    check(gruvi_fiber_join(fiber, GRUVI_FOREVER));
    check(gruvi_fiber_status(fiber));
    gruvi_fiber_unref(fiber);
}

/* n fibers that end together. */
static inline gruvi_fiber_t **
spawn_all(long n, gruvi_fiber_fn target)
{
    gruvi_fiber_t **fibers = malloc((size_t)n * sizeof(gruvi_fiber_t *));
    long i;

    if (fibers == NULL)
        check(UV_ENOMEM);
    for (i = 0; i < n; i++)
        fibers[i] = spawn(target, NULL);
    return fibers;
}

static inline void
finish_all(gruvi_fiber_t **fibers, long n)
{
    long i;

    for (i = 0; i < n; i++)
        finish(fibers[i]);
    free(fibers);
}

/* As the stacks of the peers are. */
#define STACK_SIZE (64 << 10)

#define OURS_MAIN(commands)                                                    \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        int result;                                                            \
                                                                               \
        gruvi_set_log_sink(gruvi_log_to_stderr);                               \
        check(gruvi_set_stack_size(STACK_SIZE));                               \
        if (gruvi_get_hub() == NULL)                                           \
            check(gruvi_last_error());                                         \
        result = BENCH_MAIN(commands, argc, argv);                             \
        check(gruvi_hub_close(gruvi_get_hub()));                               \
        return result;                                                         \
    }

#endif
