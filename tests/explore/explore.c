/* SPDX-License-Identifier: MIT */
/*
 * A program that explores its cases:
 *
 *   PROGRAM [-n SCHEDULES] [-s SEED] [CASE...]
 *   PROGRAM -r SCHEDULE [-v] CASE
 *
 * A quarter of the schedules are all that there are with up to 0, 1, 2...
 * interruptions; another quarter the same, where disturbances (sim.h) are
 * interruptions, too.  What is left of them, or what comes after, is drawn by
 * seeds from SEED on.  Each case is a child process, which leaves its report in
 * memory that both share: so whatever a mistake does, its schedule is known.
 */
#include "explore/explore.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "explore/search.h"
#include "explore/sim.h"

/* ThreadSanitizer takes the baton for a lock around everything, and has nothing
 * to say. */
#if defined(__SANITIZE_THREAD__)
#define HAVE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAVE_TSAN 1
#endif
#endif

static unsigned long schedules = 2000;
static uint64_t first_seed = 1;
static const char *replayed;

static double
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- in the child ----------------------------------------------------------
 */

static void
on_assertion(const char *message)
{
    sim_fail("%s", message);
}

static void
on_log(const gruvi_log_record_t *entry)
{
    if (entry->level >= GRUVI_LOG_WARNING && !sim_is_expected(entry->message))
        sim_fail("logged: %s", entry->message);
}

/* One thread runs at a time, and passes the baton sooner to its own processor.
 */
static void
stay_here(void)
{
    cpu_set_t set;
    int cpu = sched_getcpu();

    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* Up to a limit.  Returns how many points a schedule has, at most; 0: these
 * were all. */
static unsigned
explore_all(const struct sim_case *c, unsigned disturbances,
            unsigned long limit)
{
    unsigned points = 0, n;

    for (int bound = 0;; bound++) {
        search_begin_all(bound);
        do {
            if (sim_report->runs >= limit)
                return points;
            n = sim_run(c->body, disturbances);
            points = n > points ? n : points;
        } while (search_next());
        sim_report->bound[disturbances > 0] = bound;
        if (search_complete())
            return 0;
    }
}

static void
explore_by_seeds(const struct sim_case *c, unsigned points)
{
    for (uint64_t seed = first_seed; sim_report->runs < schedules; seed++) {
        sim_report->seed = seed;
        search_begin_seed(seed, points);
        sim_run(c->body, SIM_DISTURBANCES);
    }
}

/* "2a3b" may have two disturbances.  Returns how many. */
static unsigned
begin_replay(const char *schedule)
{
    bool has = *schedule >= '0' && *schedule <= '9';

    search_begin_replay(has ? schedule + 1 : schedule);
    return has ? (unsigned)(*schedule - '0') : 0;
}

static void
explore_case(const struct sim_case *c)
{
    unsigned points, disturbances;

    gruvi_set_assert_handler(on_assertion);
    gruvi_set_log_sink(on_log);
    stay_here();
    /* What happens once in a process happens here. */
    search_begin_all(0);
    sim_run(c->body, 0);
    sim_report->runs = 0;
    if (replayed != NULL) {
        sim_shows = sim_report->seed != 0;
        disturbances = begin_replay(replayed);
        sim_run(c->body, disturbances);
        _exit(0);
    }
    sim_report->bound[0] = sim_report->bound[1] = -1;
    explore_all(c, 0, schedules / 4);
    points = explore_all(c, SIM_DISTURBANCES, schedules / 2);
    if (points > 0)
        explore_by_seeds(c, points);
    _exit(0);
}

/* --- in the parent ---------------------------------------------------------
 */

/* "aaab" is "a3b". */
static void
print_schedule(const char *letters, unsigned length)
{
    unsigned i, n;

    if (sim_report->disturbances > 0)
        printf("%u", sim_report->disturbances);
    for (i = 0; i < length; i += n) {
        for (n = 1; i + n < length && letters[i + n] == letters[i]; n++)
            ;
        printf(n > 1 ? "%c%u" : "%c", letters[i], n);
    }
}

static void
print_mistake(const char *program, const struct sim_case *c, int status,
              double took)
{
    if (WIFSIGNALED(status) && sim_report->mistake[0] == '\0')
        snprintf(sim_report->mistake, sizeof sim_report->mistake,
                 "it dies: signal %d, %s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    if (sim_report->mistake[0] == '\0')
        snprintf(sim_report->mistake, sizeof sim_report->mistake,
                 "it exits with %d", WEXITSTATUS(status));
    printf("%s: a mistake, in schedule %lu, after %.2f s\n  %s\n", c->name,
           sim_report->runs + 1, took, sim_report->mistake);
    printf("  again: %s -r '", program);
    print_schedule(sim_report->schedule, sim_report->length);
    printf("' -v %s\n", c->name);
}

/* The second are with disturbances. */
static void
print_bounds(void)
{
    if (sim_report->bound[0] >= 0)
        printf(", all with %d interruptions", sim_report->bound[0]);
    if (sim_report->bound[1] > 0)
        printf(", %d of any kind", sim_report->bound[1]);
}

static bool
run_case(const char *program, const struct sim_case *c, bool verbose)
{
    double began = seconds(), took;
    int status;
    pid_t pid;

    memset(sim_report, 0, sizeof *sim_report);
    sim_report->seed = verbose;
    fflush(NULL);
    pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(99);
    }
    if (pid == 0)
        explore_case(c);
    while (waitpid(pid, &status, 0) < 0)
        ;
    took = seconds() - began;
    if (status != 0) {
        print_mistake(program, c, status, took);
        return false;
    }
    printf("%s: %lu schedules", c->name, sim_report->runs);
    if (sim_report->seed == 0 && replayed == NULL)
        printf(", all there are");
    else
        print_bounds();
    printf("; %.2f s, %.0f/s\n", took, (double)sim_report->runs / took);
    return true;
}

static bool
is_asked_for(const char *name, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc == 0;
}

int
main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;
    bool verbose = false;
    int option;

    while ((option = getopt(argc, argv, "n:s:r:v")) != -1)
        if (option == 'n')
            schedules = strtoul(optarg, NULL, 10);
        else if (option == 's')
            first_seed = strtoul(optarg, NULL, 10);
        else if (option == 'r')
            replayed = optarg;
        else if (option == 'v')
            verbose = true;
        else
            return 99;
#ifdef HAVE_TSAN
    puts("ThreadSanitizer needs threads that run at the same time");
    return 77;
#endif
    sim_report = mmap(NULL, sizeof *sim_report, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sim_report == MAP_FAILED)
        return 99;
    for (const struct sim_case *c = sim_cases; c->name != NULL; c++)
        if (is_asked_for(c->name, argc - optind, argv + optind)) {
            if (run_case(argv[0], c, verbose))
                passed++;
            else
                failed++;
        }
    printf("%u passed, %u failed\n", passed, failed);
    return passed + failed == 0 ? 99 : failed > 0;
}
