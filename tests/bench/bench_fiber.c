/* SPDX-License-Identifier: MIT */
/*
 * What fibers cost: a yield at real call depth, a spawn with its join.
 *
 *   bench_fiber yield N     N fibers that let each other run, three calls
 *                           deep, an error check after each call
 *   bench_fiber spawn       one by one
 *   bench_fiber batch       10,000 at a time
 *
 * Prints name=nanoseconds; without arguments all of them.  Pin it to a
 * processor (taskset) and take medians.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gruvi.h>

#define YIELDS 10000000l
#define SPAWNS 2000000l
#define BATCH  10000l

#define NOINLINE __attribute__((noinline))

static long rounds;

static double
now(void)
{
    return (double)uv_hrtime();
}

static void
check(int err)
{
    if (err >= 0)
        return;
    fprintf(stderr, "bench_fiber: %s\n", gruvi_strerror(err));
    exit(1);
}

static NOINLINE int
innermost(void)
{
    int err = gruvi_sleep(0);

    return err < 0 ? err : err + 1;
}

static NOINLINE int
middle(void)
{
    int err = innermost();

    return err < 0 ? err : err + 1;
}

static NOINLINE int
outermost(void)
{
    int err = middle();

    return err < 0 ? err : err + 1;
}

static int
yielder(void *arg)
{
    long i;
    int err = 0;

    (void)arg;
    for (i = 0; i < rounds && err >= 0; i++)
        err = outermost();
    return err < 0 ? err : 0;
}

static int
empty(void *arg)
{
    (void)arg;
    return 0;
}

static gruvi_fiber_t *
spawn(gruvi_fiber_fn target)
{
    gruvi_fiber_t *fiber = gruvi_spawn(target, NULL);

    if (fiber == NULL)
        check(gruvi_last_error());
    return fiber;
}

static void
finish(gruvi_fiber_t *fiber)
{
    check(gruvi_fiber_join(fiber, GRUVI_FOREVER));
    check(gruvi_fiber_status(fiber));
    gruvi_fiber_unref(fiber);
}

static void
bench_yield(long n)
{
    gruvi_fiber_t **fibers = malloc((size_t)n * sizeof *fibers);
    double begin;
    long i;

    if (fibers == NULL)
        check(UV_ENOMEM);
    rounds = YIELDS / n;
    for (i = 0; i < n; i++)
        fibers[i] = spawn(yielder);
    begin = now();
    for (i = 0; i < n; i++)
        finish(fibers[i]);
    printf("yield_%ld_ns=%.2f\n", n, (now() - begin) / (double)(n * rounds));
    free(fibers);
}

static void
bench_spawn(void)
{
    double begin = now();
    long i;

    for (i = 0; i < SPAWNS; i++)
        finish(spawn(empty));
    printf("spawn_join_ns=%.2f\n", (now() - begin) / (double)SPAWNS);
}

static void
bench_batch(void)
{
    static gruvi_fiber_t *fibers[BATCH];
    double begin = now();
    long i, n;

    for (n = 0; n < SPAWNS / BATCH; n++) {
        for (i = 0; i < BATCH; i++)
            fibers[i] = spawn(empty);
        for (i = 0; i < BATCH; i++)
            finish(fibers[i]);
    }
    printf("spawn_join_batch_ns=%.2f\n", (now() - begin) / (double)SPAWNS);
}

static void
bench_all(void)
{
    bench_yield(2);
    bench_yield(100);
    bench_yield(10000);
    bench_spawn();
    bench_batch();
}

int
main(int argc, char **argv)
{
    gruvi_set_log_sink(gruvi_log_to_stderr);
    if (argc == 1) {
        bench_all();
    } else if (argc == 3 && strcmp(argv[1], "yield") == 0 &&
               atol(argv[2]) > 0) {
        bench_yield(atol(argv[2]));
    } else if (argc == 2 && strcmp(argv[1], "spawn") == 0) {
        bench_spawn();
    } else if (argc == 2 && strcmp(argv[1], "batch") == 0) {
        bench_batch();
    } else {
        fprintf(stderr, "usage: bench_fiber [yield N | spawn | batch]\n");
        return 2;
    }
    check(gruvi_hub_close(gruvi_get_hub()));
    return 0;
}
