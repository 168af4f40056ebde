/* SPDX-License-Identifier: MIT */
/*
 * The baton: see sim.h.
 *
 * Threads pass it by the word go in the place of each.  The one that runs the
 * search has no place: it waits for the end.
 */
#include "explore/sim.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "explore/memory.h"
#include "explore/search.h"
#include "explore/sim_inside.h"

#define POINTS_MOST 20000 /* more: it goes round in circles */
#define STACK_SIZE  ((size_t)256 * 1024)

bool sim_shows;
struct sim_report *sim_report;

__thread struct sim_thread *sim_self;
struct sim sim;

static char
letter(const struct sim_thread *thread)
{
    return (char)('a' + sim_index(thread));
}

/* --- mistakes ------------------------------------------------------------- */

void
sim_fail(const char *format, ...)
{
    size_t used = 0;
    va_list args;

    if (sim_self != NULL)
        used = (size_t)snprintf(sim_report->mistake, 100,
                                "%c: ", letter(sim_self));
    va_start(args, format);
    vsnprintf(sim_report->mistake + used, sizeof sim_report->mistake - used,
              format, args);
    va_end(args);
    _exit(1);
}

const struct sim_thread *
sim_owner_of(const pthread_mutex_t *mutex)
{
    for (size_t i = 0; i < 32; i++)
        if (sim.mutexes[i].mutex == mutex && sim.mutexes[i].owner != NULL)
            return sim.mutexes[i].owner;
    return NULL;
}

static const char *
describe_wait(const struct sim_thread *thread)
{
    static char text[100];
    const struct sim_thread *owner;

    switch (thread->why) {
    case MUTEX:
        owner = sim_owner_of((const pthread_mutex_t *)thread->on);
        snprintf(text, sizeof text, "waits for a mutex that %c has",
                 owner == NULL ? '?' : letter(owner));
        return text;
    case FUTEX:
        return "sleeps until it is woken";
    case SPIN:
        return "spins until a word is written";
    case LOOP:
        return "is a hub that sleeps";
    case END:
        snprintf(text, sizeof text, "waits for the end of %c",
                 letter(thread->other));
        return text;
    default:
        return "is ready";
    }
}

/* Nobody can go on, or only by a timeout. */
void
sim_fail_stuck(const char *what)
{
    char text[1500];
    size_t used = 0;

    for (int i = 0; i < sim.n && used < sizeof text - 200; i++)
        if (!sim.threads[i].ended)
            used += (size_t)snprintf(
                text + used, 200, "\n    %c %s, at %s", letter(&sim.threads[i]),
                describe_wait(&sim.threads[i]), sim.threads[i].where);
    sim_self = NULL;
    sim_fail("%s: a wake-up is lost%s", what, text);
}

/* --- the baton ------------------------------------------------------------ */

static long
futex(int *word, int operation, int value)
{
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL,
                   NULL, 0);
}

static void
set(int *word)
{
    __atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
    futex(word, FUTEX_WAKE, 1);
}

static void
await(int *word)
{
    while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
        futex(word, FUTEX_WAIT, 0);
    *word = 0;
    if (sim.ended != NULL) {
        struct sim_thread *ended = sim.ended;

        sim.ended = NULL;
        pthread_join(ended->thread, NULL);
    }
}

void
sim_show(const char *what)
{
    if (sim_shows && sim_self->held == 0)
        fprintf(stderr, "%*s%c %s %s\n", 4 * (int)(sim_self - sim.threads), "",
                letter(sim_self), what, sim_self->where);
}

/* Give the baton away, and wait until it is back.  True: this thread is late.
 */
static bool
pass(void)
{
    struct sim_thread *me = sim_self, *next;

    if (++sim.points > POINTS_MOST)
        sim_fail("it does not come to an end; now at %s", me->where);
    next = sim_draw(me);
    if (next != me) {
        set(&next->go);
        await(&me->go);
    }
    if (me->disturbed)
        sim_show("is woken by nobody");
    me->why = READY;
    me->due = UINT64_MAX;
    return me->late;
}

void
sim_stand(const char *where)
{
    sim_self->where = where;
    sim_self->why = READY;
    if (sim_self->held == 0)
        pass();
}

/* Until it is told so, or late. */
bool
sim_block(enum why why, const volatile void *on, uint64_t due)
{
    sim_self->why = why;
    sim_self->on = on;
    sim_self->told = sim_self->written = false;
    sim_self->due = due;
    sim_show("waits");
    return pass();
}

/* --- threads -------------------------------------------------------------- */

/* It is joined by the one that goes on, so that its end is over by then. */
static void
leave(struct sim_thread *me)
{
    struct sim_thread *next;

    me->where = "its end";
    sim_show("ends");
    me->ended = true;
    sim_memory_frame(me, __builtin_frame_address(0), true);
    next = sim_draw(NULL);
    sim_self = NULL;
    sim.ended = me;
    if (next != NULL)
        set(&next->go);
    else
        set(&sim.over);
}

/* The library ends its own part of a thread like this, too: so the last time
 * that there is comes after all of it. */
static pthread_key_t end_key;

static void
leave_at_last(void *arg)
{
    struct sim_thread *me = arg;

    if (++me->ends < PTHREAD_DESTRUCTOR_ITERATIONS - 1)
        pthread_setspecific(end_key, me);
    else
        leave(me);
}

static __attribute__((constructor)) void
make_end_key(void)
{
    pthread_key_create(&end_key, leave_at_last);
}

static void *
main_of_thread(void *arg)
{
    struct sim_thread *me = arg;

    await(&me->go);
    sim_self = me;
    sim_memory_frame(me, __builtin_frame_address(0), false);
    if (me->start != NULL)
        me->result = me->start(me->arg);
    else
        me->fn(me->arg);
    pthread_setspecific(end_key, me);
    if (!me->ends_openly)
        sim_hold();
    return NULL;
}

struct sim_thread *
sim_new_thread(void)
{
    struct sim_thread *thread = &sim.threads[sim.n];

    if (sim.n == SIM_THREADS)
        sim_fail("too many threads");
    *thread = (struct sim_thread){.where = "its beginning", .due = UINT64_MAX};
    return thread;
}

/* It is there, and can be drawn, when sim.n counts it.  Its stack is small, so
 * that the C library keeps it, and nothing else is there when it has ended. */
int
sim_start(struct sim_thread *thread)
{
    pthread_attr_t attr;
    int err;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    err = pthread_create(&thread->thread, &attr, main_of_thread, thread);
    pthread_attr_destroy(&attr);
    if (err == 0)
        sim.n++;
    return err;
}

struct sim_thread *
sim_begin(int (*fn)(void *arg), void *arg)
{
    struct sim_thread *thread = sim_new_thread();

    thread->fn = fn;
    thread->arg = arg;
    if (sim_start(thread) != 0)
        sim_fail("cannot begin a thread");
    return thread;
}

void
sim_end(struct sim_thread *thread)
{
    sim_self->where = "sim_end()";
    sim_self->other = thread;
    if (!thread->ended)
        sim_block(END, NULL, UINT64_MAX);
}

void
sim_end_openly(void)
{
    sim_self->ends_openly = true;
}

void
sim_point(void)
{
    sim_stand("sim_point()");
}

void
sim_hold(void)
{
    sim_self->held++;
}

void
sim_let_go(void)
{
    sim_self->held--;
}

void
sim_be_patient(void)
{
    sim.patient = true;
}

void
sim_expect_log(const char *part)
{
    sim.expected = part;
}

bool
sim_is_expected(const char *message)
{
    return sim.expected != NULL && strstr(message, sim.expected) != NULL;
}

bool
sim_is_freed(const void *block)
{
    return sim_memory_gone(NULL, block) != NULL;
}

/* What is told of forks first is asked last before one, and first after it. */
static void
stand_before_fork(void)
{
    if (sim_self != NULL)
        sim_stand("fork()");
}

/* In the child nobody has a baton. */
static void
leave_schedule(void)
{
    sim_self = NULL;
}

static __attribute__((constructor(101))) void
watch_forks(void)
{
    pthread_atfork(stand_before_fork, NULL, leave_schedule);
}

static int
run_body(void *arg)
{
    void (**body)(void) = arg;

    (*body)();
    return 0;
}

unsigned
sim_run(void (*body)(void), unsigned disturbances)
{
    memset(&sim, 0, sizeof sim);
    sim.disturbances = sim_report->disturbances = disturbances;
    sim.now = 1000000000;
    sim_report->length = 0;
    sim_memory_begin();
    sim_begin(run_body, &body);
    set(&sim.threads[0].go);
    await(&sim.over);
    sim_memory_end();
    sim_report->runs++;
    return sim.points;
}

void
sim_frame_begins(void)
{
    sim_memory_frame(sim_self, __builtin_frame_address(0), false);
}

void
sim_frame_ends(void)
{
    sim_memory_frame(sim_self, __builtin_frame_address(0), true);
}
