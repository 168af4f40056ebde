/* SPDX-License-Identifier: MIT */
/*
 * rogue: a plugin that keeps its hub, or crashes, as its options say.
 *
 * What it does is done by functions that are exported, so that reports can name
 * them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include <gruvid/plugin.h>

#define NAMED __attribute__((visibility("default"), noinline))

static const char *const where_choices[] = {"fiber",    "start",  "stop",
                                            "callback", "thread", "cancelled",
                                            "second",   NULL};
static const char *const act_choices[] = {
    "none",        "spin",   "spin_once", "read",    "segv",    "abort",
    "fpe",         "ill",    "deep",      "replace", "foreign", "wreck_segv",
    "wreck_abort", "strlen", "deaf",      "sleep",   NULL};

static const gruvid_option_t options[] = {
    {.name = "where",
     .type = GRUVID_STRING,
     .default_value = "fiber",
     .choices = where_choices},
    {.name = "act",
     .type = GRUVID_STRING,
     .default_value = "none",
     .choices = act_choices},
    GRUVID_OPTIONS_END,
};

static volatile unsigned spun;
static size_t (*volatile length)(const char *) = strlen;
static volatile bool enough; /* never */

NAMED void rogue_spin(void);
NAMED void rogue_spin_once(void);
NAMED void rogue_read(void);
NAMED void rogue_sleep(void);
NAMED void rogue_store(volatile int *where);
NAMED int rogue_divide(volatile int by);
NAMED int rogue_deep(int n);
NAMED size_t rogue_length(const char *text);
NAMED void rogue_act(const char *act);

/* ThreadSanitizer runs handlers only in functions that it knows. */
static inline __attribute__((always_inline)) void
take_signals(void)
{
#if defined(__SANITIZE_THREAD__)
    length("");
#endif
}

void
rogue_spin(void)
{
    while (!enough) {
        spun++;
        take_signals();
    }
}

/* Four tenths of a second of the processor, more or less. */
void
rogue_spin_once(void)
{
    struct timespec time;

    do {
        for (int i = 0; i < 100000; i++)
            spun++;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    } while (time.tv_sec == 0 && time.tv_nsec < 400000000);
    gruvi_info("spun");
}

/* Nobody ever writes. */
void
rogue_read(void)
{
    int fds[2];
    char byte;

    if (pipe(fds) == 0 && read(fds[0], &byte, 1) == 1)
        gruvi_info("read %d", byte);
}

/* ThreadSanitizer runs handlers at once in this call, but not in read(). */
void
rogue_sleep(void)
{
    while (!enough)
        sleep(1000);
}

void
rogue_store(volatile int *where)
{
    *where = 1;
}

int
rogue_divide(volatile int by)
{
    return 7 / by;
}

int
rogue_deep(int n)
{
    volatile char frame[2048];

    for (size_t i = 0; i < sizeof frame; i += 512)
        frame[i] = (char)n;
    __asm__ volatile("" : : "r"(frame) : "memory");
    return n == 0 ? frame[0] : rogue_deep(n - 1) + frame[512];
}

/* libc crashes, which keeps no frame pointers. */
size_t
rogue_length(const char *text)
{
    return length(text) + spun;
}

static void
on_segv(int signum)
{
    (void)signum;
    _exit(3);
}

static void
replace(void)
{
    signal(SIGSEGV, on_segv);
    signal(SIGTERM, SIG_IGN);
}

static ucontext_t outside, inside;

static void
crash_there(void)
{
    rogue_store((volatile int *)(uintptr_t)0x20);
}

/* A crash on a stack of its own making. */
static void
use_foreign_stack(void)
{
    static char stack[65536];

    getcontext(&inside);
    inside.uc_stack.ss_sp = stack;
    inside.uc_stack.ss_size = sizeof stack;
    inside.uc_link = &outside;
    makecontext(&inside, crash_there, 0);
    swapcontext(&outside, &inside);
}

/* What a report looks at is wrong. */
static void
wreck(void)
{
    gruvi_group_t *group = gruvi_fiber_group(gruvi_current_fiber());

    gruvi__group_set_keeper(group, (void *)(uintptr_t)8);
}

void
rogue_act(const char *act)
{
    if (strcmp(act, "spin") == 0)
        rogue_spin();
    if (strcmp(act, "spin_once") == 0)
        rogue_spin_once();
    if (strcmp(act, "read") == 0)
        rogue_read();
    if (strcmp(act, "sleep") == 0)
        rogue_sleep();
    if (strcmp(act, "segv") == 0)
        rogue_store((volatile int *)(uintptr_t)0x20);
    if (strcmp(act, "abort") == 0)
        abort();
    if (strcmp(act, "fpe") == 0)
        gruvi_info("%d", rogue_divide(0));
    if (strcmp(act, "ill") == 0)
        __builtin_trap();
    if (strcmp(act, "deaf") == 0) {
        signal(SIGURG, SIG_IGN);
        rogue_spin();
    }
    if (strcmp(act, "strlen") == 0)
        gruvi_info("%zu", rogue_length((const char *)(uintptr_t)0x20));
    if (strcmp(act, "deep") == 0)
        gruvi_info("%d", rogue_deep(1000));
    if (strcmp(act, "replace") == 0)
        replace();
    if (strcmp(act, "foreign") == 0)
        use_foreign_stack();
    if (strncmp(act, "wreck", 5) == 0)
        wreck();
    if (strcmp(act, "wreck_segv") == 0)
        rogue_store((volatile int *)(uintptr_t)0x20);
    if (strcmp(act, "wreck_abort") == 0)
        abort();
}

static const char *
act_of(const gruvid_plugin_t *plugin, const char *where)
{
    return strcmp(gruvid_option_string(plugin, "where"), where) == 0
               ? gruvid_option_string(plugin, "act")
               : "none";
}

static int
act_in_thread(void *arg, void **result)
{
    (void)result;
    rogue_act(arg);
    return 0;
}

static void
act_in_callback(void *arg)
{
    rogue_act(arg);
}

/* When gruvid is ready. */
static int
worker(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    gruvi_info("worker runs");
    rogue_act(act_of(plugin, "fiber"));
    if (strcmp(act_of(plugin, "callback"), "none") != 0)
        gruvi_hub_run_callback(gruvi_get_hub(), act_in_callback,
                               (void *)act_of(plugin, "callback"));
    if (strcmp(act_of(plugin, "thread"), "none") != 0)
        gruvi_blocking(act_in_thread, (void *)act_of(plugin, "thread"), NULL);
    gruvi_sleep(GRUVI_FOREVER);
    rogue_act(act_of(plugin, "cancelled"));
    if (gettid() != getpid()) /* any hub but the first */
        rogue_act(act_of(plugin, "second"));
    return UV_ECANCELED;
}

static int
start(gruvid_plugin_t *plugin)
{
    gruvi_fiber_options_t named = {.name = "worker"};

    rogue_act(act_of(plugin, "start"));
    gruvi_fiber_unref(gruvi_spawn_ex(worker, plugin, &named));
    return 0;
}

static void
stop(gruvid_plugin_t *plugin)
{
    rogue_act(act_of(plugin, "stop"));
    if (strcmp(act_of(plugin, "start"), "replace") == 0)
        rogue_act("segv");
}

GRUVID_PLUGIN(rogue,
    .version = "0.1",
    .summary = "keeps its hub, or crashes",
    .options = options,
    .start = start,
    .stop = stop,
    .per_hub = true,
    .multi_hub = true);
