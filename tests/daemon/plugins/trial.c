/* SPDX-License-Identifier: MIT */
/*
 * trial: a plugin that does what its options say, most of which a plugin should
 * not do.  It logs what happens to it, so that a test can read the order.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <gruvid/metrics.h>
#include <gruvid/plugin.h>

static const char *const start_choices[] = {
    "good",     "refuse",       "slow",    "hang",    "stubborn",
    "blocking", "wrong_option", "orphan",  "orphans", "burst",
    "busy",     "cancelled",    "explain", NULL};
static const char *const fiber_choices[] = {"none",     "good",  "fail",
                                            "stubborn", "peer",  "blocking",
                                            "deep",     "drain", NULL};
static const char *const serve_choices[] = {
    "echo", "fail",   "spawn",     "stubborn",  "name",  "peer",
    "tick", "thread", "minus_one", "long_line", "share", NULL};
static const char *const stop_choices[] = {"good", "hang", "stubborn", NULL};

static const gruvid_option_t options[] = {
    {.name = "at_start",
     .type = GRUVID_STRING,
     .default_value = "good",
     .choices = start_choices},
    {.name = "fiber",
     .type = GRUVID_STRING,
     .default_value = "none",
     .choices = fiber_choices},
    {.name = "serve",
     .type = GRUVID_STRING,
     .default_value = "echo",
     .choices = serve_choices},
    {.name = "at_stop",
     .type = GRUVID_STRING,
     .default_value = "good",
     .choices = stop_choices},
    {.name = "flag", .type = GRUVID_BOOL, .default_value = "yes"},
    {.name = "whole", .type = GRUVID_INTEGER, .default_value = "-3"},
    {.name = "number", .type = GRUVID_NUMBER, .default_value = "0.5"},
    {.name = "size", .type = GRUVID_SIZE, .default_value = "64K"},
    {.name = "time", .type = GRUVID_DURATION, .default_value = "1500ms"},
    {.name = "items", .type = GRUVID_LIST, .default_value = "one\ntwo"},
    {.name = "address", .type = GRUVID_ADDRESS},
    {.name = "secret", .type = GRUVID_SECRET},
    GRUVID_OPTIONS_END,
};

static bool
is(const gruvid_plugin_t *plugin, const char *option, const char *value)
{
    return strcmp(gruvid_option_string(plugin, option), value) == 0;
}

/* --- what fibers do ------------------------------------------------------ */

static int
wait_for_ever(void)
{
    int err;

    do
        err = gruvi_sleep(GRUVI_FOREVER);
    while (err != UV_ECANCELED);
    return err;
}

/* Does not heed a cancel. */
static int
wait_on(void)
{
    GRUVI_SHIELD {
        gruvi_sleep(GRUVI_FOREVER);
    }
    return 0;
}

static int
sleep_in_thread(void *arg, void **result)
{
    unsigned left = 600;

    (void)arg;
    (void)result;
    gruvi_info("a thread sleeps");
    while (left > 0) /* a signal of the process may end a sleep */
        left = sleep(left);
    return 0;
}

/* Uses a good half of a megabyte of stack. */
static int
go_deep(int frames)
{
    volatile char frame[4096];

    for (size_t i = 0; i < sizeof frame; i += 512)
        frame[i] = (char)frames;
    /* Who knows the frame's address cannot share one, as in a loop. */
    __asm__ volatile("" : : "r"(frame) : "memory");
    return frames == 0 ? frame[0] : go_deep(frames - 1) + frame[512];
}

static int
fiber_main(void *arg)
{
    gruvid_plugin_t *plugin = arg;

    gruvi_info("fiber runs");
    if (is(plugin, "fiber", "fail"))
        return UV_EINVAL;
    if (is(plugin, "fiber", "peer"))
        return UV_ECONNRESET;
    if (is(plugin, "fiber", "deep"))
        gruvi_info("back from the depth: %d", go_deep(140) != 0);
    if (is(plugin, "fiber", "stubborn"))
        return wait_on();
    if (is(plugin, "fiber", "blocking"))
        return gruvi_blocking(sleep_in_thread, NULL, NULL);
    if (is(plugin, "fiber", "drain")) {
        gruvi_event_wait(gruvid_plugin_drain_event(plugin), GRUVI_FOREVER);
        gruvi_info("generation %d drains: %d",
                   (int)gruvid_plugin_generation(plugin),
                   gruvid_plugin_draining(plugin));
        return 0;
    }
    wait_for_ever();
    gruvi_info("fiber was cancelled: %s", gruvi_error_message());
    return UV_ECANCELED;
}

static gruvi_fiber_t *
spawn_named(gruvi_fiber_fn target, void *arg, const char *name)
{
    gruvi_fiber_options_t named = {.name = name};

    return gruvi_spawn_ex(target, arg, &named);
}

/* --- start --------------------------------------------------------------- */

static void
log_options(const gruvid_plugin_t *plugin)
{
    size_t n;
    const char *const *items = gruvid_option_list(plugin, "items", &n);

    gruvi_info("flag %d, whole %lld, number %g, size %llu, time %g",
               gruvid_option_bool(plugin, "flag"),
               (long long)gruvid_option_integer(plugin, "whole"),
               gruvid_option_number(plugin, "number"),
               (unsigned long long)gruvid_option_size(plugin, "size"),
               gruvid_option_duration(plugin, "time"));
    for (size_t i = 0; items[i] != NULL; i++)
        gruvi_info("item %zu of %zu: %s", i + 1, n, items[i]);
    if (gruvid_option_string(plugin, "address") != NULL)
        gruvi_info("address %s", gruvid_option_string(plugin, "address"));
}

static void
ask_for_wrong_options(const gruvid_plugin_t *plugin)
{
    size_t n = 7;
    const char *const *none = gruvid_option_list(plugin, "flag", &n);

    gruvi_info("answers: %d %d %g %llu %d %zu",
               gruvid_option_string(plugin, "nothing") == NULL,
               (int)gruvid_option_integer(plugin, "flag"),
               gruvid_option_number(plugin, "size"),
               (unsigned long long)gruvid_option_size(plugin, "time"),
               none[0] == NULL, n);
}

/* A grandchild that has lost its parent; waits until somebody has buried it,
 * which is for process 1 to do. */
static int
make_an_orphan(void)
{
    int fds[2], err = 0;
    pid_t orphan = 0, child;

    if (pipe(fds) < 0)
        return UV_EMFILE;
    child = fork();
    if (child == 0) {
        orphan = fork();
        if (orphan == 0)
            _exit(0);
        _exit(write(fds[1], &orphan, sizeof orphan) != sizeof orphan);
    }
    if (read(fds[0], &orphan, sizeof orphan) != sizeof orphan)
        return UV_EIO;
    while (err == 0 && kill(orphan, 0) == 0)
        err = gruvi_sleep(0.01);
    gruvi_info("the orphan is gone");
    close(fds[0]);
    close(fds[1]);
    return err;
}

/* For ever: have a child that has a child, and ends before it. */
static void
make_orphans(int report)
{
    const struct timespec pause = {0, 20000000}, life = {0, 5000000};
    pid_t orphan;

    for (;;) {
        pid_t child = fork();

        if (child == 0) {
            orphan = fork();
            if (orphan == 0) {
                nanosleep(&life, NULL);
                _exit(0);
            }
            _exit(write(report, &orphan, sizeof orphan) != sizeof orphan);
        }
        waitpid(child, NULL, 0);
        nanosleep(&pause, NULL);
    }
}

/* Orphans end all the while; waits until somebody has buried the first. */
static int
make_many_orphans(void)
{
    int fds[2], err = 0;
    pid_t orphan, mother;

    if (pipe(fds) < 0)
        return UV_EMFILE;
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    mother = fork();
    if (mother == 0)
        make_orphans(fds[1]);
    if (read(fds[0], &orphan, sizeof orphan) != sizeof orphan)
        return UV_EIO;
    while (err == 0 && kill(orphan, 0) == 0)
        err = gruvi_sleep(0.01);
    gruvi_info("the first orphan is gone");
    kill(mother, SIGKILL);
    close(fds[0]);
    close(fds[1]);
    return err;
}

/* More than libuv's pipe holds notes, before the hub looks. */
static void
raise_often(void)
{
    for (int n = 0; n < 5000; n++)
        raise(SIGUSR1);
    raise(SIGTERM);
    gruvi_info("SIGTERM comes last");
}

static int
start(gruvid_plugin_t *plugin)
{
    gruvid_counter_t *starts;

    gruvi_info("start of %s", gruvid_plugin_name(plugin));
    if (gruvid_set_plugin_data(plugin, plugin) != 0 ||
        gruvid_set_hub_data(plugin, plugin) != 0)
        return UV_EIO;
    log_options(plugin);
    if (gruvid_counter_get(&starts, plugin, "trial_starts",
                           "Starts of the plugin.", NULL, NULL) < 0)
        return UV_EIO;
    gruvid_count(starts, 1);
    if (!is(plugin, "fiber", "none"))
        gruvi_fiber_unref(spawn_named(fiber_main, plugin, "worker"));
    if (is(plugin, "at_start", "refuse"))
        return UV_EACCES;
    if (is(plugin, "at_start", "explain")) {
        gruvid_plugin_fail(plugin, "%s is not in the mood", "trial");
        return UV_EACCES;
    }
    if (is(plugin, "at_start", "busy"))
        return UV_EBUSY;
    if (is(plugin, "at_start", "cancelled"))
        return UV_ECANCELED;
    if (is(plugin, "at_start", "slow"))
        gruvi_sleep(0.3);
    if (is(plugin, "at_start", "hang"))
        return wait_for_ever();
    if (is(plugin, "at_start", "stubborn"))
        return wait_on();
    if (is(plugin, "at_start", "blocking"))
        return gruvi_blocking(sleep_in_thread, NULL, NULL);
    if (is(plugin, "at_start", "wrong_option"))
        ask_for_wrong_options(plugin);
    if (is(plugin, "at_start", "burst"))
        raise_often();
    if (is(plugin, "at_start", "orphans"))
        return make_many_orphans();
    if (is(plugin, "at_start", "orphan"))
        return make_an_orphan();
    gruvi_info("start is over");
    return 0;
}

/* --- connections
 * -------------------------------------------------------------- */

static int
echo(gruvi_stream_t *stream)
{
    char buf[4096];
    ssize_t n;

    while ((n = gruvi_stream_read(stream, buf, sizeof buf)) > 0) {
        int err = gruvi_stream_write(stream, buf, (size_t)n);
        if (err < 0)
            return err;
        gruvi_debug("%zd bytes go back", n);
    }
    return (int)n;
}

static int
companion(void *arg)
{
    gruvi_stream_t *stream = arg;

    wait_for_ever();
    /* The stream has to be there still. */
    GRUVI_SHIELD {
        gruvi_stream_write(stream, "bye\n", 4);
    }
    gruvi_info("companion has ended");
    return UV_ECANCELED;
}

/* Writes for more than a second, while the fiber of the connection reads. */
static int
ticker(void *arg)
{
    gruvi_stream_t *stream = arg;
    int err = 0;

    for (int i = 0; i < 30 && err == 0; i++) {
        err = gruvi_stream_write(stream, "tick\n", 5);
        if (err == 0)
            err = gruvi_sleep(0.05);
    }
    return err;
}

static int
read_beside_ticker(gruvi_stream_t *stream)
{
    int err;

    gruvi_fiber_unref(spawn_named(ticker, stream, "ticker"));
    err = echo(stream);
    gruvi_info("the reader got %s: %s", gruvi_err_name(err),
               gruvi_error_message());
    return err;
}

/* On the stack of a connection, and used by its helper to the end. */
struct shared {
    gruvi_stream_t *stream;
    char text[512];
};

/* Uses it when the function of the connection has returned, for some turns. */
static int
use_shared(void *arg)
{
    struct shared *shared = arg;
    int err = gruvi_sleep(GRUVI_FOREVER);

    GRUVI_SHIELD {
        for (size_t n = 0; n + 1 < sizeof shared->text; n++) {
            gruvi_sleep(0);
            shared->text[n] = "shared\n"[n % 7];
        }
        shared->text[7] = '\0';
        gruvi_stream_write(shared->stream, shared->text, 7);
    }
    return err;
}

static int
share(gruvi_stream_t *stream)
{
    struct shared shared = {.stream = stream};
    int err = gruvi_go(use_shared, &shared);

    return err < 0 ? err : echo(stream);
}

static int
tell_thread(gruvi_stream_t *stream)
{
    char text[32];

    snprintf(text, sizeof text, "%08d\n", (int)gettid());
    return gruvi_stream_write(stream, text, 9);
}

static int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    const char *name = gruvid_plugin_name(plugin);

    if (gruvid_set_plugin_data(plugin, NULL) != UV_EPERM ||
        gruvid_plugin_data(plugin) != plugin)
        gruvi_error("data was changed");
    if (is(plugin, "serve", "fail"))
        return UV_EINVAL;
    if (is(plugin, "serve", "minus_one"))
        return -1;
    if (is(plugin, "serve", "long_line"))
        return UV_E2BIG;
    if (is(plugin, "serve", "peer"))
        return UV_EPIPE;
    if (is(plugin, "serve", "name"))
        return gruvi_stream_write(stream, name, strlen(name));
    if (is(plugin, "serve", "thread"))
        return tell_thread(stream);
    if (is(plugin, "serve", "stubborn"))
        return wait_on();
    if (is(plugin, "serve", "spawn")) {
        gruvi_fiber_unref(spawn_named(companion, stream, "companion"));
        gruvi_fiber_unref(spawn_named(companion, stream, "companion"));
    }
    if (is(plugin, "serve", "share"))
        return share(stream);
    if (is(plugin, "serve", "tick"))
        return read_beside_ticker(stream);
    return echo(stream);
}

/* --- stop
 * --------------------------------------------------------------------- */

static void
stop(gruvid_plugin_t *plugin)
{
    gruvi_info("stop of %s; %zu fibers left", gruvid_plugin_name(plugin),
               gruvi_group_size(gruvid_plugin_group(plugin)) - 1);
    if (gruvid_hub_data(plugin) != plugin)
        gruvi_error("hub data was changed");
    if (is(plugin, "at_stop", "hang"))
        wait_for_ever();
    if (is(plugin, "at_stop", "stubborn"))
        wait_on();
}

GRUVID_PLUGIN(trial,
    .version = "0.3",
    .summary = "does what it is told",
    .options = options,
    .start = start,
    .connection = connection,
    .stop = stop,
    .per_hub = true);
