/* SPDX-License-Identifier: MIT */
/*
 * Tests of a plugin, in C: a gruvid of its own, with virtual time, orders drawn
 * by a seed, and faults; and at the end, what was left.
 *
 *     static void
 *     greets(void *arg)
 *     {
 *         gruvi_stream_t *client = gruvid_test_connect();
 *
 *         (void)arg;
 *         gruvid_test_send(client, "Ada\n");
 *         gruvid_test_expect(client, "Hello, Ada!\n");
 *         gruvi_stream_close(client);
 *     }
 *
 *     START_TEST(test_greets)
 *     {
 *         gruvid_test_options_t options = {.plugin = "./hello.so",
 *                                          .explore = 20,
 *                                          .sweep = true};
 *         const char *wrong = gruvid_test_run(&options, greets, NULL);
 *
 *         ck_assert_msg(wrong == NULL, "%s", wrong);
 *     }
 *     END_TEST
 *
 * A test program is built with what pkg-config says of gruvid-test and check.
 * libgruvid-test has all of libgruvi and libgruvid in it, so a program links
 * with neither, or behind it.
 *
 * The function runs in a fiber of that gruvid, in a process of its own for each
 * run.  Its clients are fibers, too, and all of libgruvi is theirs: streams,
 * gruvi_sleep(), gruvi_spawn() for clients at the same time.
 *
 * Where something is not as it should be, a call below does not return: it ends
 * the calling fiber, and cancels the others of the test.  The ck_assert() of
 * libcheck does the same in files that include this header.  Nothing is freed
 * then, and streams that the test has left open are ended.
 *
 * Where the host has something fail (sweep), clients may get what they do not
 * expect: the test ends early and is not wrong, as long as the plugin neither
 * crashes nor hangs nor leaves anything.
 *
 * Context of all but gruvid_test_run(): a fiber of the test.
 */
#ifndef GRUVID_TEST_H
#define GRUVID_TEST_H

#include <gruvi.h>

#include <gruvid/request.h>

/* Its assertions end a run: see the end.  To do without: define this first. */
#if defined __has_include && !defined GRUVID_TEST_WITHOUT_CHECK
#if __has_include(<check.h>)
#include <check.h>
#endif
#endif

GRUVI_BEGIN_DECLS

/* What clients do, in a fiber. */
typedef GRUVI_SWITCHPOINT void (*gruvid_test_fn)(void *arg);

/* All is borrowed until gruvid_test_run() returns. */
typedef struct gruvid_test_options {
    const char *plugin; /* its file, "./hello.so" */

    /* Options of gruvid, "gruvid.drain_timeout=1s"; without a section of the
     * plugin, "greeting=Hi". */
    const char *const *settings;
    size_t n_settings;

    /* Runs with the seeds 1 to explore, after one without.  A seed draws the
     * order of fibers that are ready, and in the plugin's fibers short reads
     * and writes. */
    unsigned explore;

    /* Runs for each allocation, read, write, descriptor, piece of work for a
     * pool and switchpoint of the plugin, in which that one fails, is late, or
     * is cancelled: as gruvid-test(1) has them. */
    bool sweep;

    bool real_time; /* no virtual time: for plugins with peers of their own */
    bool verbose;   /* show the log on standard error */
    double limit;   /* seconds of real time for a run; 0: 30 */
    void *reserved[4]; /* NULL */
} gruvid_test_options_t;

/*
 * Start a gruvid with the plugin, have a function play its clients, stop
 * gruvid, and look at what is left: once, or as often as the options say.
 *
 *   fn   returns when the clients are done
 *   arg  handed to fn; borrowed.  What fn writes is not seen outside: it is in
 *        another process
 *
 * In front of what is wrong is a variable that repeats the run, as
 * GRUVID_TEST_SEED=7 or GRUVID_TEST_SWEEP=alloc:3; in the environment it does.
 * So does GRUVID_TEST_EXPLORE=1000, in place of options->explore, and
 * GRUVID_TEST_VERBOSE=1.
 *
 * Returns NULL where nothing was wrong; else what was, as text of at most 7000
 *          bytes, which stays until the next call.
 * Context: any thread without a hub, one at a time; no switchpoint.
 */
GRUVI_API const char *gruvid_test_run(const gruvid_test_options_t *options,
                                      gruvid_test_fn fn, void *arg);

/* --- connections ---------------------------------------------------------- */

/*
 * Connect to the plugin, and wait until gruvid has accepted.
 *
 * Returns a stream, as gruvi_connect() makes it: gruvi_stream_close().
 * Context: switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT GRUVI_OWNED gruvi_stream_t *
gruvid_test_connect(void);

/* Send text, without its zero. */
GRUVI_API GRUVI_SWITCHPOINT void gruvid_test_send(gruvi_stream_t *client,
                                                  const char *text);

/* Wait for exactly this text, or these bytes.  What comes behind is left. */
GRUVI_API GRUVI_SWITCHPOINT void gruvid_test_expect(gruvi_stream_t *client,
                                                    const char *text);
GRUVI_API GRUVI_SWITCHPOINT void
gruvid_test_expect_bytes(gruvi_stream_t *client, const void *data, size_t size);

/* Wait for this text, whatever comes in front of it. */
GRUVI_API GRUVI_SWITCHPOINT void
gruvid_test_expect_until(gruvi_stream_t *client, const char *text);

/* Wait for the end, by a close or a reset. */
GRUVI_API GRUVI_SWITCHPOINT void gruvid_test_expect_end(gruvi_stream_t *client);

/* Expect neither bytes nor the end for so many seconds. */
GRUVI_API GRUVI_SWITCHPOINT void
gruvid_test_expect_quiet(gruvi_stream_t *client, double seconds);

/* Close it; to the plugin it looks as if the peer had reset the connection. */
GRUVI_API void gruvid_test_reset(gruvi_stream_t *client);

/* Cancel the plugin's fiber that serves a connection. */
GRUVI_API void gruvid_test_cancel(gruvi_stream_t *client);

/* --- requests ------------------------------------------------------------- */

/*
 * Send a request to the plugin, as other plugins do.
 *
 *   call  borrowed
 *
 * Returns its answer, of whatever status: gruvid_answer_free().
 * Context: switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT GRUVI_OWNED gruvid_answer_t *
gruvid_test_request(const gruvid_call_t *call);

/*
 * Send a request to the plugin, as a transport does that can do all that a
 * handler asks for: stream a reply, send events, upgrade.
 *
 *   call  copied.  The host is that of a Host header.  With a Content-Length,
 *         and no data, the client sends the body
 *
 * Returns a stream: the client gets the body of the reply by it, and its end;
 * after an upgrade it is the connection.  gruvi_stream_close(): then the peer
 * has gone.  gruvid_test_reset() and gruvid_test_cancel() are for it as well.
 * Context: switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT GRUVI_OWNED gruvi_stream_t *
gruvid_test_open(const gruvid_call_t *call);

/*
 * Wait for the head of the reply to such a request: 101 for an upgrade, with
 * the headers Connection and Upgrade.
 *
 *   client  of gruvid_test_open(); once
 *
 * Returns status and headers, without a body: gruvid_answer_free().
 * Context: switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT GRUVI_OWNED gruvid_answer_t *
gruvid_test_head(gruvi_stream_t *client);

/* --- gruvid --------------------------------------------------------------- */

/*
 * Set an option, and reload the configuration.
 *
 *   setting  as of gruvid_test_options_t; NULL: none is set
 *
 * Context: switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT void gruvid_test_reload(const char *setting);

/*
 * The same, and expect that gruvid refuses.
 *
 *   text  part of the reason
 *
 * Context: switchpoint.
 */
GRUVI_API GRUVI_SWITCHPOINT void gruvid_test_expect_refusal(const char *setting,
                                                            const char *text);

/* Wait for a line of the log with this text, behind the one that was found
 * last. Context: switchpoint. */
GRUVI_API GRUVI_SWITCHPOINT void gruvid_test_expect_log(const char *text);

/* Have gruvid stop; the test goes on.  Connections may end by themselves, as
 * long as drain_timeout lasts. */
GRUVI_API void gruvid_test_stop(void);

/* --- the test ------------------------------------------------------------- */

/* From here on a call waits at most so many seconds of virtual time; at the
 * beginning 3600. */
GRUVI_API void gruvid_test_within(double seconds);

/* Say that something is wrong, as printf() does.  It does not return. */
GRUVI_API void gruvid_test_fail(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

GRUVI_END_DECLS

/* --- where a call is, for what is said about it --------------------------- */

GRUVI_BEGIN_DECLS
GRUVI_API void gruvid__test_at(const char *file, int line);

/* libcheck says that something is wrong.  Returns outside of runs. */
GRUVI_API void gruvid__test_failed(const char *text);
GRUVI_END_DECLS

#define GRUVID__TEST_AT(call) (gruvid__test_at(__FILE__, __LINE__), call)

#define gruvid_test_connect() GRUVID__TEST_AT(gruvid_test_connect())
#define gruvid_test_send(client, ...)                                          \
    GRUVID__TEST_AT(gruvid_test_send(client, __VA_ARGS__))
#define gruvid_test_expect(client, ...)                                        \
    GRUVID__TEST_AT(gruvid_test_expect(client, __VA_ARGS__))
#define gruvid_test_expect_bytes(client, ...)                                  \
    GRUVID__TEST_AT(gruvid_test_expect_bytes(client, __VA_ARGS__))
#define gruvid_test_expect_until(client, ...)                                  \
    GRUVID__TEST_AT(gruvid_test_expect_until(client, __VA_ARGS__))
#define gruvid_test_expect_end(client)                                         \
    GRUVID__TEST_AT(gruvid_test_expect_end(client))
#define gruvid_test_expect_quiet(client, seconds)                              \
    GRUVID__TEST_AT(gruvid_test_expect_quiet(client, seconds))
#define gruvid_test_reset(client)  GRUVID__TEST_AT(gruvid_test_reset(client))
#define gruvid_test_cancel(client) GRUVID__TEST_AT(gruvid_test_cancel(client))
#define gruvid_test_request(...)                                               \
    GRUVID__TEST_AT(gruvid_test_request(__VA_ARGS__))
#define gruvid_test_open(...)       GRUVID__TEST_AT(gruvid_test_open(__VA_ARGS__))
#define gruvid_test_head(client)    GRUVID__TEST_AT(gruvid_test_head(client))
#define gruvid_test_reload(setting) GRUVID__TEST_AT(gruvid_test_reload(setting))
#define gruvid_test_expect_refusal(setting, text)                              \
    GRUVID__TEST_AT(gruvid_test_expect_refusal(setting, text))
#define gruvid_test_expect_log(text)                                           \
    GRUVID__TEST_AT(gruvid_test_expect_log(text))
#define gruvid_test_fail(...) GRUVID__TEST_AT(gruvid_test_fail(__VA_ARGS__))

/* --- libcheck ------------------------------------------------------------- */

#ifdef CHECK_H
#include <stdarg.h>
#include <stdio.h>

/* What the macros of libcheck call where something is not as asserted.  In a
 * run that is the host's to say: libcheck would end the process, or leave the
 * fiber for the stack of another process. */
static __inline__ __attribute__((unused, format(printf, 4, 5))) void
gruvid__test_ck_failed(const char *file, int line, const char *expression,
                       const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    if (format != NULL)
        vsnprintf(text, sizeof text, format, args);
    else
        snprintf(text, sizeof text, "%s", expression);
    va_end(args);
    gruvid__test_at(file, line);
    gruvid__test_failed(text);
    _ck_assert_failed(file, line, expression, "%s", text);
}
#define _ck_assert_failed gruvid__test_ck_failed
#endif

#endif
