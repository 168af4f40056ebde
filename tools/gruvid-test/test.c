/* SPDX-License-Identifier: MIT */
/*
 * libgruvid-test: functions of test programs play the clients.
 *
 * The calls of gruvi and gruvid, malloc() and the others of the host have to be
 * those of this library, for the plugin as well.  So it stands in front of
 * libgruvi, and of libc; gruvid_test_run() looks.
 *
 * A fiber of the test whose expectation fails ends where it is.  In the parent
 * there is nothing of gruvi's but this file, run.c and trials.c.
 */
#define GRUVID_TEST_WITHOUT_CHECK
#include <gruvid/test.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/testing.h"
#include "core/thread.h"
#include "gruvid-test/drive.h"
#include "gruvid-test/expect.h"
#include "gruvid-test/host.h"
#include "gruvid-test/life.h"
#include "gruvid-test/opened.h"
#include "gruvid-test/words.h"

/* The macros that say where a call is. */
#undef gruvid_test_connect
#undef gruvid_test_send
#undef gruvid_test_expect
#undef gruvid_test_expect_bytes
#undef gruvid_test_expect_until
#undef gruvid_test_expect_end
#undef gruvid_test_expect_quiet
#undef gruvid_test_reset
#undef gruvid_test_cancel
#undef gruvid_test_request
#undef gruvid_test_open
#undef gruvid_test_head
#undef gruvid_test_reload
#undef gruvid_test_expect_refusal
#undef gruvid_test_expect_log
#undef gruvid_test_fail

static gruvid_test_fn test_fn;
static void *test_arg;

/* --- what is wrong -------------------------------------------------------- */

/* This process is a run, and its clients play. */
static bool playing;

void
gruvid__test_at(const char *file, int line)
{
    if (!playing)
        return;
    snprintf(shared->path, sizeof shared->path, "%s", file);
    shared->line = (unsigned)line;
}

_Noreturn static void
give_up(void)
{
    cut_short();
    gruvi__fiber_quit(0);
}

_Noreturn static void __attribute__((format(printf, 1, 2)))
spoilt(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    spoil(format, args);
    va_end(args);
    give_up();
}

void
gruvid__test_failed(const char *text)
{
    if (playing)
        spoilt("%s", text);
}

void
gruvid_test_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (!playing) {
        vfprintf(stderr, format, args);
        fputs(": gruvid_test_fail() outside of a run\n", stderr);
        abort();
    }
    spoil(format, args);
    va_end(args);
    give_up();
}

/* --- connections ---------------------------------------------------------- */

/* By descriptor of the client's end, with its inode: the test may have closed
 * it. */
#define MOST 1024

static struct {
    struct client client;
    ino_t inode;   /* 0: there is none */
    char name[20]; /* "client 1" */
} connections[MOST];

static ino_t
inode_of(int fd)
{
    struct stat status;

    return fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode) ? 0
                                                               : status.st_ino;
}

static gruvi_stream_t *
keep(struct client *client)
{
    static unsigned number;
    int fd = gruvi_stream_fd(client->stream);
    gruvi_stream_t *stream = client->stream;

    number++;
    if (fd < 0 || fd >= MOST) {
        client_forget(client);
        return stream;
    }
    client_forget(&connections[fd].client); /* which had this number before */
    connections[fd].client = *client;
    connections[fd].inode = inode_of(fd);
    snprintf(connections[fd].name, sizeof connections[fd].name, "client %u",
             number);
    return stream;
}

GRUVI_SWITCHPOINT gruvi_stream_t *
gruvid_test_connect(void)
{
    struct client client;
    int err = client_connect(&client);

    if (err < 0)
        spoilt("connect: %s", gruvi_strerror(err));
    return keep(&client);
}

GRUVI_SWITCHPOINT gruvi_stream_t *
gruvid_test_open(const gruvid_call_t *call)
{
    struct client client;
    int err = client_open(&client, call);

    if (err < 0)
        spoilt("open %s: %s", call->path == NULL ? "/" : call->path,
               gruvi_strerror(err));
    return keep(&client);
}

/* What is known of a stream's connection; NULL: it is another's. */
static const struct client *
client_of(gruvi_stream_t *stream)
{
    int fd = gruvi_stream_fd(stream);

    return fd >= 0 && fd < MOST && connections[fd].inode != 0 &&
                   connections[fd].client.stream == stream
               ? &connections[fd].client
               : NULL;
}

static const char *
name_of(gruvi_stream_t *stream)
{
    return client_of(stream) == NULL
               ? "the stream"
               : connections[gruvi_stream_fd(stream)].name;
}

/* A test that has ended early has not closed them. */
static void
end_connections(void)
{
    for (int fd = 0; fd < MOST; fd++)
        if (connections[fd].inode != 0 && connections[fd].inode == inode_of(fd))
            shutdown(fd, SHUT_RDWR);
}

static void
see(const char *wrong)
{
    if (wrong != NULL)
        spoilt("%s", wrong);
}

GRUVI_SWITCHPOINT void
gruvid_test_send(gruvi_stream_t *client, const char *text)
{
    see(do_send(client, name_of(client), text, strlen(text)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect(gruvi_stream_t *client, const char *text)
{
    see(expect_bytes(client, name_of(client), text, strlen(text)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_bytes(gruvi_stream_t *client, const void *data, size_t size)
{
    see(expect_bytes(client, name_of(client), data, size));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_until(gruvi_stream_t *client, const char *text)
{
    see(expect_until(client, name_of(client), text, strlen(text)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_end(gruvi_stream_t *client)
{
    see(expect_end(client, name_of(client)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_quiet(gruvi_stream_t *client, double seconds)
{
    see(expect_quiet(client, name_of(client), seconds));
}

void
gruvid_test_reset(gruvi_stream_t *client)
{
    const struct client *known = client_of(client);

    if (known != NULL)
        client_reset(known);
    gruvi_stream_close(client);
}

void
gruvid_test_cancel(gruvi_stream_t *client)
{
    const struct client *known = client_of(client);

    if (known == NULL || !client_cancel(known))
        spoilt("no fiber serves %s", name_of(client));
}

/* --- requests, and gruvid ------------------------------------------------- */

GRUVI_SWITCHPOINT gruvid_answer_t *
gruvid_test_head(gruvi_stream_t *client)
{
    const struct client *known = client_of(client);
    gruvid_answer_t *head;
    int err;

    if (known == NULL || known->opened == NULL)
        spoilt("%s is no request that is open", name_of(client));
    err = opened_head(known->opened, &head);
    if (err < 0)
        spoilt("the reply to %s has no head: %s", name_of(client),
               gruvi_strerror(err));
    return head;
}

GRUVI_SWITCHPOINT gruvid_answer_t *
gruvid_test_request(const gruvid_call_t *call)
{
    gruvid_answer_t *answer;
    int err = drive_request(call, &answer);

    if (err < 0)
        spoilt("request %s: %s", call->path == NULL ? "/" : call->path,
               gruvi_strerror(err));
    return answer;
}

GRUVI_SWITCHPOINT void
gruvid_test_reload(const char *setting)
{
    char why[300];
    int err = drive_reload(setting, why, sizeof why);

    if (err < 0)
        spoilt("reload: %s", why[0] != '\0' ? why : gruvi_strerror(err));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_refusal(const char *setting, const char *text)
{
    char why[300];
    int err = drive_reload(setting, why, sizeof why);

    if (err == 0)
        spoilt("expected that %s is refused, and it is not", setting);
    if (strstr(why, text) == NULL)
        spoilt("expected that %s is refused by %s, but: %s", setting,
               shown(text, strlen(text)),
               why[0] != '\0' ? why : gruvi_strerror(err));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_log(const char *text)
{
    if (!drive_expect_log(text))
        spoilt("expected a line of the log with %s", shown(text, strlen(text)));
}

void
gruvid_test_stop(void)
{
    ask_to_stop();
}

void
gruvid_test_within(double seconds)
{
    set_patience(seconds);
}

/* --- runs ----------------------------------------------------------------- */

static GRUVI_SWITCHPOINT void
play_test(void)
{
    playing = true;
    gruvid__test_at("the test", 1);
    test_fn(test_arg);
}

/* When all fibers of the test have ended. */
static void
end_test(void)
{
    end_connections();
}

static uint64_t
number_of(const char *variable)
{
    const char *text = getenv(variable);

    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

/* What the environment asks for comes first. */
static bool
do_runs(struct plan *what, const gruvid_test_options_t *options)
{
    const char *fault = getenv("GRUVID_TEST_SWEEP");
    uint64_t explore = number_of("GRUVID_TEST_EXPLORE");
    uint64_t counts[N_FAULTS];
    unsigned wrong;

    what->seed = number_of("GRUVID_TEST_SEED");
    if (fault != NULL && !read_fault(what, fault)) {
        fprintf(what->out, "GRUVID_TEST_SWEEP=%s: no such fault\n", fault);
        return false;
    }
    if (what->seed != 0 || what->at != 0)
        return try_once(what);
    if (what->fault != NO_FAULT)
        return sweep(what, counts, &wrong);
    if (!(options->sweep ? sweep(what, counts, &wrong) : try_once(what)))
        return false;
    return try_seeds(what, explore != 0 ? explore : options->explore);
}

/* Whether calls of gruvi are those of this library. */
static bool
is_in_front(void)
{
    const void *call = dlsym(RTLD_DEFAULT, "gruvi_spawn");
    Dl_info own, other;

    return call != NULL && dladdr(call, &other) != 0 &&
           dladdr(&test_fn, &own) != 0 && own.dli_fbase == other.dli_fbase;
}

/* NULL, or why there can be no run. */
static const char *
check(const gruvid_test_options_t *options, gruvid_test_fn fn)
{
    if (options == NULL || options->plugin == NULL || fn == NULL)
        return "a run has options, a plugin and a function";
    for (size_t i = 0; i < sizeof options->reserved / sizeof(void *); i++)
        if (options->reserved[i] != NULL)
            return "reserved members of the options are in use";
    if (playing)
        return "gruvid_test_run() inside of a run";
    if (gruvi__self.hub != NULL)
        return "this thread has a hub, which a run cannot have, too";
    if (!is_in_front())
        return "libgruvi stands in front of libgruvid-test: link the program "
               "with what pkg-config says of gruvid-test, first";
    return NULL;
}

/* The plugin, which names libgruvi and libgruvid, finds those that were
 * installed together with this library. */
static void
open_libraries(void)
{
    static const char *const names[] = {"libgruvi.so.0", "libgruvid.so.0"};
    char path[4200];
    Dl_info own;

    for (size_t i = 0; i < 2; i++) {
        const char *slash =
            dladdr(&test_fn, &own) == 0 ? NULL : strrchr(own.dli_fname, '/');

        if (slash == NULL)
            return;
        snprintf(path, sizeof path, "%.*s/../%s", (int)(slash - own.dli_fname),
                 own.dli_fname, names[i]);
        dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    }
}

/* What ck_assert_msg() can print, and libcheck can pass on. */
#define MOST_TEXT 7000

static void
cut_text(char *to, const char *from, size_t size)
{
    static const char rest[] = "\n... and more";
    size_t n = size < MOST_TEXT ? size : MOST_TEXT - sizeof rest;

    while (n > 0 && size >= MOST_TEXT &&
           ((unsigned char)from[n] & 0xc0) == 0x80)
        n--; /* of a character */
    memcpy(to, from, n);
    to[n] = '\0';
    if (size >= MOST_TEXT)
        strcat(to, rest);
    else if (n > 0 && to[n - 1] == '\n')
        to[n - 1] = '\0';
}

static const char *
run_all(struct plan *what, const gruvid_test_options_t *options)
{
    static char said[MOST_TEXT + 1];
    char *text = NULL;
    size_t size = 0;
    bool ok = false;

    what->out = open_memstream(&text, &size);
    if (what->out == NULL)
        return "out of memory";
    if (plan_plugin(what, options->plugin))
        ok = do_runs(what, options);
    else
        fprintf(what->out, "%s: the file of a plugin is called NAME.so\n",
                options->plugin);
    free(what->dir);
    free(what->name);
    if (fclose(what->out) != 0)
        return "out of memory";
    if (!ok)
        cut_text(said, text, size);
    free(text);
    return ok ? NULL : said;
}

const char *
gruvid_test_run(const gruvid_test_options_t *options, gruvid_test_fn fn,
                void *arg)
{
    const char *wrong = check(options, fn);
    struct plan what;

    if (wrong != NULL)
        return wrong;
    test_fn = fn;
    test_arg = arg;
    open_libraries();
    what = (struct plan){
        .play = play_test,
        .played = end_test,
        .player = "test",
        .seed_option = "GRUVID_TEST_SEED=",
        .sweep_option = "GRUVID_TEST_SWEEP=",
        .options = options->settings,
        .n_options = options->n_settings,
        .limit = options->limit > 0 ? options->limit : 30,
        .real_time = options->real_time,
        .verbose = options->verbose || getenv("GRUVID_TEST_VERBOSE") != NULL,
    };
    return run_all(&what, options);
}
