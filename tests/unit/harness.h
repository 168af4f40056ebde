/* SPDX-License-Identifier: MIT */
/*
 * What the tests of hubs and fibers share.
 *
 *   HUB_TEST    a thread of its own -> a hub -> the test, in the root fiber
 *               -> nothing is left -> the hub is closed -> the thread ends
 *
 * Always in a fresh thread, because with CK_FORK=no all tests of a program
 * share a process, and in a thread whose hub is closed nothing works any more.
 * What is about the main thread or about dying is in a child (in_child()).
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
 * A failed assertion of libcheck would longjmp() with CK_FORK=no, and that
 * from a fiber's or another thread's stack.  Ours ends the process instead.
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

/* The same in a thread that has no hub yet, and need not get one. */
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

/* Run fn(arg) in a thread, begun here and waited for there. */
pthread_t begin_thread(void (*fn)(void *arg), void *arg);
void end_thread(pthread_t thread);

/* Both at once.  The hub of the caller stands still meanwhile. */
void in_thread(void (*fn)(void *arg), void *arg);

/*
 * Run fn(arg) in the main thread of a child process, which then exits with 0.
 * For a plain START_TEST: fork() in a thread leaves the others behind.
 *
 *   stderr_text  what it wrote there, cut to size bytes; may be NULL
 *
 * Returns its wait status: 0 where fn returned.
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

/* Join a fiber, let go of it, and return its status. */
int finish(gruvi_fiber_t *fiber);

/* Let all others run n times. */
void turns(int n);

/* Let others run until something holds; no test measures time. */
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

/* How many fibers a hub has, root and hub not counted. */
size_t fibers_of(gruvi_hub_t *hub);

/* How many handles its loop has that are not being closed. */
size_t handles_of(gruvi_hub_t *hub);

/* --- what happened ----------------------------------------------------------
 */

/*
 * Write down that something happened: "a", "b 2", ... from any thread.
 * recorded() is all of it in its order with spaces between, and is empty at
 * the start of each test; forget() empties it.
 */
void record(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *recorded(void);
void forget(void);

/*
 * Assertions of the library are written down, and the calls go on with
 * UV_EPERM, until the test ends.  How many there were, and the last one.
 */
void catch_assertions(void);
int assertions(void);
const char *last_assertion(void);

/*
 * How many records that contain text were logged in this test; NULL counts
 * all.  Records of all levels are kept.
 */
int logged(const char *text);

#endif
