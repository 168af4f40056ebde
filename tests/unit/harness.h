/* SPDX-License-Identifier: MIT */
/*
 * What the tests of hubs and fibers share.
 *
 *   HUB_TEST    a thread of its own -> a hub -> the test, in the root fiber
 *               -> nothing is left -> the hub is closed -> the thread ends
 *
 * Each test has a fresh thread: with CK_FORK=no all tests of a program share a
 * process, and a thread whose hub is closed cannot have another hub.  A test of
 * the main thread, or of a process that dies, runs in a child (in_child()).
 */
#ifndef TESTS_UNIT_HARNESS_H
#define TESTS_UNIT_HARNESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <gruvi.h>

#include "support/suite.h"

#if defined(__SANITIZE_THREAD__)
#define HAVE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAVE_TSAN 1
#endif
#endif

/*
 * With CK_FORK=no a failed assertion of libcheck would longjmp() from the stack
 * of a fiber or of another thread.  This one ends the process instead.
 */
void harness_failed(const char *file, int line, const char *expr,
                    const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));
#ifndef HARNESS_INSIDE
#define _ck_assert_failed harness_failed
#endif

/*
 * A test that runs in the root fiber of a fresh hub, as
 *
 *     HUB_TEST(test_that_something_holds)
 *     {
 *     }
 *
 * hub is the hub and i the index of a looped test.  At its end there must be no
 * fiber, no handle, no watch and no descriptor that was not there before.  It
 * may close the hub itself.
 */
#define HUB_TEST(name)                                                         \
    static void name##_body(gruvi_hub_t *hub, int i);                          \
    START_TEST(name)                                                           \
    {                                                                          \
        harness_hub_test(name##_body, _i);                                     \
    }                                                                          \
    END_TEST                                                                   \
    static void name##_body(gruvi_hub_t *hub __attribute__((unused)),          \
                            int i __attribute__((unused)))

/* A test in a thread that has no hub yet, and need not get one. */
#define THREAD_TEST(name)                                                      \
    static void name##_body(int i);                                            \
    START_TEST(name)                                                           \
    {                                                                          \
        harness_thread_test(name##_body, _i);                                  \
    }                                                                          \
    END_TEST                                                                   \
    static void name##_body(int i __attribute__((unused)))

void harness_hub_test(void (*body)(gruvi_hub_t *hub, int i), int i);
void harness_thread_test(void (*body)(int i), int i);

/* --- threads and processes ---------------------------------------------- */

/* Begin a thread that runs fn(arg), and wait for it. */
pthread_t begin_thread(void (*fn)(void *arg), void *arg);
void end_thread(pthread_t thread);

/* Begin a thread and wait for it.  The caller's hub stands still meanwhile. */
void in_thread(void (*fn)(void *arg), void *arg);

/*
 * Run fn(arg) in the main thread of a child process, which then exits with 0.
 * For a plain START_TEST: fork() in a thread loses the other threads.
 *
 *   stderr_text  the child's standard error, cut to size bytes; may be NULL
 *
 * Returns its wait status: 0 if fn returned.
 */
int in_child(void (*fn)(void *arg), void *arg, char *stderr_text, size_t size);

/*
 * fn(arg), which returns 0, in 50 fibers of each of three hubs, and in three
 * threads without a hub, which do not get a hub by it.
 */
#define MANY_CALLS 153
struct many {
    pthread_t threads[6];
};
void begin_many(struct many *many, gruvi_fiber_fn fn, void *arg);
void end_many(struct many *many);

/* How many descriptors this process has. */
int open_descriptors(void);

/* --- fibers -------------------------------------------------------------- */

/* gruvi_spawn() that succeeds. */
gruvi_fiber_t *spawn(gruvi_fiber_fn target, void *arg);

/* Join a fiber, release it, and return its status. */
int finish(gruvi_fiber_t *fiber);

/* Let all other fibers run n times. */
void turns(int n);

/* Let the hub poll its loop: a sleep that a busy machine made too long may end
 * before the first poll. */
void let_hub_poll(void);

/* Let other fibers run until the condition holds; no test measures time. */
#define wait_until(condition)                                                  \
    do {                                                                       \
        while (!(condition))                                                   \
            ck_assert_int_eq(gruvi_sleep(0.0005), 0);                          \
    } while (0)

/* What fibers do in many tests, and what they return. */
int end_at_once(void *arg);     /* 0 */
int return_arg(void *arg);      /* the number in arg */
int note_and_return(void *arg); /* 0; the text in arg is recorded */
int sleep_for_ever(void *arg);  /* the error that ends the sleep; arg is NULL,
                                   or an int that gets it too */

/* What callbacks do: record the text in arg. */
void note(void *arg);

/* The fibers of a hub, without its root fiber and its own. */
size_t fibers_of(gruvi_hub_t *hub);

/* The handles of its loop that are not being closed. */
size_t handles_of(gruvi_hub_t *hub);

/* --- what happened ----------------------------------------------------------
 */

/*
 * Record an event: "a", "b 2", ... from any thread.  recorded() is all events
 * in order, with spaces between them, and is empty at the start of each test;
 * forget() empties it.
 */
void record(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *recorded(void);
void forget(void);

/*
 * Count failed assertions of the library until the test ends; the calls go on
 * with UV_EPERM.  Their number, and the last message.
 */
void catch_assertions(void);
int assertions(void);
const char *last_assertion(void);

/*
 * The number of records with text that were logged in this test, at any level;
 * NULL counts all.
 */
int logged(const char *text);

#endif
