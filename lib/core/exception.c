/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and fibers, without a C++ runtime of our own.
 *
 * A C++ runtime keeps two words for each thread: the exceptions that are
 * caught and not over, and how many are being thrown.  They belong to what
 * runs on the stack.  So a fiber that leaves while they are not empty takes
 * them along, on its stack, and empties them (leave_to_next() in schedule.c).
 * All others find them empty, and leave them so: most switches only look.
 *
 * Where a runtime comes from: from C++ sources that include our headers
 * (gruvi/exception.h), from the libraries that the program is linked with, and
 * in gruvid from the plugins that it opens.  There may be several.
 *
 * Where an exception ends: in the frames of gruvi__guard() and of a fiber's
 * entry.  Their personality routine tells the unwinder that they handle all
 * exceptions.  The destructors in between run, then the unwinder calls the
 * routine again, to go on in that frame; and from there the routine does not
 * return.  So no function of an unwinder is needed: there are several, too.
 * What the library calls from then on, a log sink say, must not throw: the
 * routine ends only the first exception, and std::terminate() is called.
 */
#include "core/exception.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <gruvi/error.h>
#include <gruvi/exception.h>
#include <gruvi/fiber.h>
#include <gruvi/log.h>

#include "base/fork_lock.h"
#include "base/threads.h"
#include "core/fiber.h"
#include "core/trace.h"

/* In the order of the alphabet of eight letters; the last is free. */
#define LANGUAGE(a, b, c, d, e, f, g)                                          \
    ((uint64_t)(a) << 56 | (uint64_t)(b) << 48 | (uint64_t)(c) << 40 |         \
     (uint64_t)(d) << 32 | (uint64_t)(e) << 24 | (uint64_t)(f) << 16 |         \
     (uint64_t)(g) << 8)
#define LANGUAGE_GNU   LANGUAGE('G', 'N', 'U', 'C', 'C', '+', '+')
#define LANGUAGE_CLANG LANGUAGE('C', 'L', 'N', 'G', 'C', '+', '+')

/* For the exception's own cleanup: another language has caught it. */
#define FOREIGN_EXCEPTION_CAUGHT 1

/* The type of a C++ exception is ten words in front of what the unwinder
 * sees, and a type's name is its second word. */
#define TYPE_WORDS_BEFORE 10

unsigned gruvi__cxx_generation;

GRUVI__FORK_LOCK(lock);
static gruvi__cxx_t *runtimes;
static gruvi__cxx_t found[GRUVI__CXX_MAX];
static unsigned n_found;
static unsigned traced; /* hubs */

/* Of this thread: the words of each runtime, once. */
static __thread struct {
    unsigned generation, n;
    struct gruvi__cxx_globals *of[GRUVI__CXX_MAX];
} own;

/* --- runtimes ------------------------------------------------------------- */

/* Under the lock. */
static void
list_changed(void)
{
    static unsigned last;

    if (++last == 0)
        last = 1;
    gruvi__atomic_store(&gruvi__cxx_generation,
                        runtimes != NULL || traced > 0 ? last : 0,
                        __ATOMIC_RELEASE);
}

void
gruvi__cxx_add(gruvi__cxx_t *runtime)
{
    gruvi__mutex_lock(&lock);
    runtime->next = runtimes;
    runtimes = runtime;
    list_changed();
    gruvi__mutex_unlock(&lock);
}

void
gruvi__cxx_remove(gruvi__cxx_t *runtime)
{
    gruvi__cxx_t **link = &runtimes;

    gruvi__mutex_lock(&lock);
    while (*link != NULL && *link != runtime)
        link = &(*link)->next;
    if (*link != NULL) {
        *link = runtime->next;
        list_changed();
    }
    gruvi__mutex_unlock(&lock);
}

/* A failure is kept for dlerror(), for each thread.  The first call returns it,
 * the second one frees it: a program does not find an error of ours. */
static void
forget_dlerror(void)
{
    dlerror();
    dlerror();
}

void
gruvi__cxx_find(void *handle)
{
    void *symbol = dlsym(handle, "__cxa_get_globals");
    gruvi__cxx_t *new = NULL;
    unsigned i;

    if (symbol == NULL) {
        forget_dlerror();
        return;
    }
    gruvi__mutex_lock(&lock);
    for (i = 0; i < n_found; i++)
        if (found[i].globals == (void *(*)(void))symbol)
            break;
    if (i == n_found && n_found < GRUVI__CXX_MAX) {
        new = &found[n_found++];
        new->globals = (void *(*)(void))symbol;
    }
    gruvi__mutex_unlock(&lock);
    if (new != NULL)
        gruvi__cxx_add(new);
}

static void
note_globals(struct gruvi__cxx_globals *globals)
{
    for (unsigned i = 0; i < own.n; i++)
        if (own.of[i] == globals)
            return;
    if (own.n < GRUVI__CXX_MAX)
        own.of[own.n++] = globals;
    else
        gruvi_warning("more than %d C++ runtimes: exceptions of the last ones "
                      "may get mixed up between fibers",
                      GRUVI__CXX_MAX);
}

static __attribute__((noinline)) void
refresh(void)
{
    gruvi__mutex_lock(&lock);
    own.generation = gruvi__cxx_generation;
    own.n = 0;
    for (gruvi__cxx_t *runtime = runtimes; runtime != NULL;
         runtime = runtime->next)
        note_globals(runtime->globals());
    gruvi__self.cxx = own.of[0];
    gruvi__self.cxx_generation = own.n == 1 ? own.generation : 0;
    gruvi__mutex_unlock(&lock);
}

/* --- what a fiber takes along --------------------------------------------- */

/* Each switch of a traced hub comes here, because its thread never has what
 * others compare. */
bool
gruvi__cxx_busy_slowly(void)
{
    if (own.generation !=
        gruvi__atomic_load(&gruvi__cxx_generation, __ATOMIC_ACQUIRE))
        refresh();
    if (gruvi__traces(gruvi__self.hub)) {
        gruvi__self.cxx_generation = 0;
        return true;
    }
    for (unsigned i = 0; i < own.n; i++)
        if (own.of[i]->caught != NULL || own.of[i]->uncaught != 0)
            return true;
    return false;
}

/* Of those that are busy: others may go while the fiber is away. */
void
gruvi__cxx_take(struct gruvi__cxx_state *state)
{
    static const struct gruvi__cxx_globals none;

    state->n = 0;
    for (unsigned i = 0; i < own.n; i++) {
        struct gruvi__cxx_globals *at = own.of[i];

        if (at->caught == NULL && at->uncaught == 0)
            continue;
        state->of[state->n++] =
            (struct gruvi__cxx_saved){.at = at, .value = *at};
        *at = none;
    }
}

void
gruvi__cxx_trace(bool on)
{
    gruvi__mutex_lock(&lock);
    traced += on ? 1u : -1u;
    list_changed();
    gruvi__mutex_unlock(&lock);
}

void
gruvi__cxx_give(const struct gruvi__cxx_state *state)
{
    for (unsigned i = 0; i < state->n; i++)
        *state->of[i].at = state->of[i].value;
}

/* --- where they end ------------------------------------------------------- */

/* The runtime that has thrown what this thread is throwing; preferably as seen
 * by a source file, which can tell what the exception says. */
static gruvi__cxx_t *
thrower(void)
{
    gruvi__cxx_t *best = NULL, *runtime;

    gruvi__mutex_lock(&lock);
    for (runtime = runtimes; runtime != NULL; runtime = runtime->next) {
        const struct gruvi__cxx_globals *globals = runtime->globals();

        if (globals->uncaught == 0)
            continue;
        best = runtime;
        if (runtime->finish != NULL)
            break;
    }
    gruvi__mutex_unlock(&lock);
    return best;
}

static void
describe_type(const struct gruvi__unwind_exception *exception, char *text,
              size_t size)
{
    const void *const *words = (const void *const *)exception;
    const char *const *type = words[-TYPE_WORDS_BEFORE];

    snprintf(text, size, "of type %s", type[1]);
}

/* Without the help of a source file. */
static void
finish(struct gruvi__unwind_exception *exception, const gruvi__cxx_t *runtime,
       char *text, size_t size)
{
    if (exception->language == LANGUAGE_GNU ||
        exception->language == LANGUAGE_CLANG)
        describe_type(exception, text, size);
    else
        snprintf(text, size, "of another language");
    if (runtime != NULL)
        ((struct gruvi__cxx_globals *)runtime->globals())->uncaught--;
    if (exception->cleanup != NULL)
        exception->cleanup(FOREIGN_EXCEPTION_CAUGHT, exception);
}

static bool
is_cxx(const struct gruvi__unwind_exception *exception)
{
    uint64_t language = exception->language & ~(uint64_t)0xff;

    return language == LANGUAGE_GNU || language == LANGUAGE_CLANG;
}

void
gruvi__exception_end(struct gruvi__unwind_exception *exception)
{
    const gruvi__cxx_t *runtime = is_cxx(exception) ? thrower() : NULL;
    gruvi_fiber_t *fiber = gruvi__self.current;
    char text[512];

    if (runtime != NULL && runtime->finish != NULL)
        runtime->finish(exception, text, sizeof text);
    else
        finish(exception, runtime, text, sizeof text);
    if (fiber == NULL)
        gruvi_error("an exception has left its function: %s", text);
    else
        gruvi_error("fiber %s: an exception has left its function: %s",
                    gruvi_fiber_name(fiber), text);
}

static struct gruvi__guard **
guards(void)
{
    gruvi_fiber_t *current = gruvi__self.current;

    return current != NULL ? &current->guard : &gruvi__self.guard;
}

/* The personality routine of gruvi__guard(). */
GRUVI__PERSONALITY int
gruvi__guard_personality(int version, int actions, uint64_t language,
                         struct gruvi__unwind_exception *exception,
                         void *context);

int
gruvi__guard_personality(int version, int actions, uint64_t language,
                         struct gruvi__unwind_exception *exception,
                         void *context)
{
    struct gruvi__guard *guard = *guards();

    (void)version;
    (void)language;
    (void)context;
    if (guard == NULL) /* the root fiber was made in the meantime */
        guard = gruvi__self.guard;
    if ((actions & GRUVI__UNWIND_FORCED) || guard->ends)
        return GRUVI__UNWIND_CONTINUE;
    if (actions & GRUVI__UNWIND_SEARCH)
        return GRUVI__UNWIND_HANDLER;
    guard->ends = true;
    gruvi__self.section = guard->section;
    if (gruvi__self.current != NULL)
        gruvi__self.current->shield = guard->shield;
    gruvi__exception_end(exception);
    longjmp(guard->env, 1);
}

/* What lives across setjmp() is in memory, not in registers. gruvi_group_call()
 * needs that nothing is called after fn, not even for ThreadSanitizer; clang's
 * notes each return, unless it is told not to. */
#ifdef __clang__
__attribute__((disable_sanitizer_instrumentation))
#endif
__attribute__((noinline, no_sanitize("thread"))) int
gruvi__guard(int (*fn)(void *arg), void *arg)
{
    struct gruvi__guard guard = {.slot = guards()};
    volatile int status = UV_UNKNOWN;

    GRUVI__ENDS_EXCEPTIONS(gruvi__guard_personality);
    guard.outer = *guard.slot;
    guard.section = gruvi__self.section;
    if (gruvi__self.current != NULL)
        guard.shield = gruvi__self.current->shield;
    if (_setjmp(guard.env) == 0) {
        *guard.slot = &guard;
        status = fn(arg);
    }
    *guard.slot = guard.outer;
    return status;
}
