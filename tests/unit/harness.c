/* SPDX-License-Identifier: MIT */
/* Nothing here allocates while a test runs, so that those which count or fail
 * allocations can use it. */
#define HARNESS_INSIDE
#include "unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/hub.h"
#include "core/poll.h"
#include "core/thread.h"

#define RECORD_SIZE 8192
#define LOG_SIZE    65536
#define DESCRIPTORS 1024

/* What happened, since the test began.  The lock guards all of it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char records[RECORD_SIZE], logs[LOG_SIZE], assertion[512];
static size_t records_used, logs_used;
static int assertion_count;

static bool is_child;

/* --- failing -------------------------------------------------------------- */

static bool
forks(void)
{
    const char *value = getenv("CK_FORK");

    return value == NULL || strcmp(value, "no") != 0;
}

void
harness_failed(const char *file, int line, const char *expr, const char *format,
               ...)
{
    char text[2048] = "";
    va_list args;

    if (format != NULL) {
        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
    }
    if (!is_child && forks())
        _ck_assert_failed(file, line, expr, text[0] == '\0' ? NULL : "%s",
                          text);
    fprintf(stderr, "%s:%d: %s%s%s\n", file, line, expr,
            text[0] == '\0' ? "" : ": ", text);
    fflush(NULL);
    if (is_child)
        _exit(99);
    abort();
}

/* --- what happened ---------------------------------------------------------
 */

/* Append to one of the texts above. */
static void
append(char *text, size_t size, size_t *used, char end, const char *format,
       va_list args)
{
    size_t room;
    int n;

    pthread_mutex_lock(&lock);
    room = size - *used;
    n = vsnprintf(text + *used, room, format, args);
    if (n < 0 || (size_t)n + 2 > room) {
        text[*used] = '\0';
        pthread_mutex_unlock(&lock);
        ck_abort_msg("the record is full");
    }
    *used += (size_t)n;
    text[(*used)++] = end;
    text[*used] = '\0';
    pthread_mutex_unlock(&lock);
}

void
record(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(records, sizeof records, &records_used, ' ', format, args);
    va_end(args);
}

const char *
recorded(void)
{
    static __thread char copy[RECORD_SIZE];

    pthread_mutex_lock(&lock);
    memcpy(copy, records, records_used);
    copy[records_used == 0 ? 0 : records_used - 1] = '\0';
    pthread_mutex_unlock(&lock);
    return copy;
}

void
forget(void)
{
    pthread_mutex_lock(&lock);
    records_used = 0;
    records[0] = '\0';
    pthread_mutex_unlock(&lock);
}

static void
on_assertion(const char *message)
{
    pthread_mutex_lock(&lock);
    snprintf(assertion, sizeof assertion, "%s", message);
    assertion_count++;
    pthread_mutex_unlock(&lock);
}

void
catch_assertions(void)
{
    gruvi_set_assert_handler(on_assertion);
}

int
assertions(void)
{
    int n;

    pthread_mutex_lock(&lock);
    n = assertion_count;
    pthread_mutex_unlock(&lock);
    return n;
}

const char *
last_assertion(void)
{
    static __thread char copy[sizeof assertion];

    pthread_mutex_lock(&lock);
    memcpy(copy, assertion, sizeof copy);
    pthread_mutex_unlock(&lock);
    return copy;
}

/* The log is a text of lines; a test that logs more than fits loses the end. */
static void
on_log(const gruvi_log_record_t *entry)
{
    size_t room;
    int n;

    pthread_mutex_lock(&lock);
    room = sizeof logs - logs_used;
    n = snprintf(logs + logs_used, room, "%s %s %s: %s\n",
                 gruvi_log_level_name(entry->level), entry->hub, entry->fiber,
                 entry->message);
    if (n > 0 && (size_t)n < room)
        logs_used += (size_t)n;
    logs[logs_used] = '\0';
    pthread_mutex_unlock(&lock);
}

int
logged(const char *text)
{
    const char *line, *end, *found;
    int n = 0;

    pthread_mutex_lock(&lock);
    for (line = logs; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        found = text == NULL ? line : strstr(line, text);
        if (found != NULL && found < end)
            n++;
    }
    pthread_mutex_unlock(&lock);
    return n;
}

/* --- threads and processes ---------------------------------------------- */

struct call {
    void (*fn)(void *arg);
    void *arg;
    uv_sem_t taken;
};

static void *
run_call(void *arg)
{
    struct call call = *(struct call *)arg;

    uv_sem_post(&((struct call *)arg)->taken);
    call.fn(call.arg);
    return NULL;
}

pthread_t
begin_thread(void (*fn)(void *arg), void *arg)
{
    struct call call = {.fn = fn, .arg = arg};
    pthread_t thread;

    ck_assert_int_eq(uv_sem_init(&call.taken, 0), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, run_call, &call), 0);
    uv_sem_wait(&call.taken);
    uv_sem_destroy(&call.taken);
    return thread;
}

void
end_thread(pthread_t thread)
{
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

void
in_thread(void (*fn)(void *arg), void *arg)
{
    end_thread(begin_thread(fn, arg));
}

/* Read to the end; what does not fit is dropped. */
static void
read_text(int fd, char *text, size_t size)
{
    size_t used = 0;
    char rest[512];
    ssize_t n;

    for (;;) {
        if (used + 1 < size)
            n = read(fd, text + used, size - 1 - used);
        else
            n = read(fd, rest, sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        if (used + 1 < size)
            used += (size_t)n;
    }
    if (size > 0)
        text[used] = '\0';
}

int
in_child(void (*fn)(void *arg), void *arg, char *stderr_text, size_t size)
{
    int ends[2], status;
    pid_t pid;

    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        is_child = true;
        close(ends[0]);
        if (stderr_text != NULL)
            dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        fn(arg);
        _exit(0);
    }
    close(ends[1]);
    read_text(ends[0], stderr_text, stderr_text == NULL ? 0 : size);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return status;
}

/* --- fibers -------------------------------------------------------------- */

gruvi_fiber_t *
spawn(gruvi_fiber_fn target, void *arg)
{
    gruvi_fiber_t *fiber = gruvi_spawn(target, arg);

    ck_assert_msg(fiber != NULL, "spawn: %s",
                  gruvi_err_name(gruvi_last_error()));
    return fiber;
}

int
finish(gruvi_fiber_t *fiber)
{
    int status;

    ck_assert_int_eq(gruvi_fiber_join(fiber, GRUVI_FOREVER), 0);
    status = gruvi_fiber_status(fiber);
    gruvi_fiber_unref(fiber);
    return status;
}

void
turns(int n)
{
    while (n-- > 0)
        ck_assert_int_eq(gruvi_sleep(0), 0);
}

void
let_hub_poll(void)
{
    const gruvi_hub_t *hub = gruvi_get_hub();
    uint64_t before = hub->turns;

    wait_until(hub->turns != before);
}

int
end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

int
return_arg(void *arg)
{
    return (int)(intptr_t)arg;
}

int
note_and_return(void *arg)
{
    note(arg);
    return 0;
}

int
sleep_for_ever(void *arg)
{
    int err = gruvi_sleep(GRUVI_FOREVER);

    if (arg != NULL)
        *(int *)arg = err;
    return err;
}

void
note(void *arg)
{
    record("%s", (const char *)arg);
}

/* Of the one begin_many() that has not ended. */
static gruvi_fiber_fn many_fn;

static void
thread_of_many(void *arg)
{
    ck_assert_int_eq(many_fn(arg), 0);
    ck_assert_ptr_null(gruvi__self.hub);
}

static void
hub_of_many(void *arg)
{
    gruvi_fiber_t *fibers[50];

    for (int n = 0; n < 50; n++)
        fibers[n] = spawn(many_fn, arg);
    for (int n = 0; n < 50; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    ck_assert_int_eq(gruvi_hub_close(gruvi_get_hub()), 0);
}

void
begin_many(struct many *many, gruvi_fiber_fn fn, void *arg)
{
    many_fn = fn;
    for (int n = 0; n < 6; n++)
        many->threads[n] =
            begin_thread(n % 2 ? hub_of_many : thread_of_many, arg);
}

void
end_many(struct many *many)
{
    for (int n = 0; n < 6; n++)
        end_thread(many->threads[n]);
}

static void
count_fiber(gruvi_fiber_t *fiber, void *arg)
{
    (void)fiber;
    ++*(size_t *)arg;
}

size_t
fibers_of(gruvi_hub_t *hub)
{
    size_t n = 0;

    gruvi_hub_each_fiber(hub, count_fiber, &n);
    return n - 2;
}

static void
count_handle(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        ++*(size_t *)arg;
}

size_t
handles_of(gruvi_hub_t *hub)
{
    size_t n = 0;

    uv_walk(gruvi_hub_loop(hub), count_handle, &n);
    return n;
}

/* --- tests ------------------------------------------------------------------
 */

struct test {
    void (*hub_body)(gruvi_hub_t *hub, int i);
    void (*thread_body)(int i);
    int i;
};

int
open_descriptors(void)
{
    int fd, n = 0;

    for (fd = 0; fd < DESCRIPTORS; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* What libuv keeps for the process from its first loop on. */
static void
warm_up(void)
{
    uv_loop_t loop;

    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void
run_hub_test(void *arg)
{
    const struct test *test = arg;
    gruvi_hub_t *hub = gruvi_get_hub();
    size_t handles;

    ck_assert_ptr_nonnull(hub);
    handles = handles_of(hub);
    test->hub_body(hub, test->i);
    if (gruvi_hub_loop(hub) == NULL)
        return;
    ck_assert_uint_eq(fibers_of(hub), 0);
    ck_assert_uint_eq(handles_of(hub), handles);
    ck_assert_int_eq(gruvi_hub_close(hub), 0);
}

static void
run_thread_test(void *arg)
{
    const struct test *test = arg;

    test->thread_body(test->i);
}

static void
run_test(void (*run)(void *test), struct test *test)
{
    int before;

    warm_up();
    forget();
    logs_used = 0;
    logs[0] = assertion[0] = '\0';
    assertion_count = 0;
    gruvi_set_log_sink(on_log);
    gruvi_set_log_level(GRUVI_LOG_DEBUG);
    before = open_descriptors();
    in_thread(run, test);
    ck_assert_int_eq(open_descriptors(), before);
    gruvi_set_assert_handler(NULL);
    gruvi_set_log_sink(NULL);
    gruvi_set_log_level(GRUVI_LOG_INFO);
}

void
harness_hub_test(void (*body)(gruvi_hub_t *hub, int i), int i)
{
    struct test test = {.hub_body = body, .i = i};

    run_test(run_hub_test, &test);
}

void
harness_thread_test(void (*body)(int i), int i)
{
    struct test test = {.thread_body = body, .i = i};

    run_test(run_thread_test, &test);
}
