/* SPDX-License-Identifier: MIT */
/*
 * Where a program is: the stacks of its fibers and threads as addresses, the
 * objects that these lie in, and names.  For gruvid, which shows them to an
 * operator; not included by gruvi.h, and no part of the ABI.
 *
 * What is marked async-signal-safe takes no lock, asks for no memory, and reads
 * only what is mapped.
 */
#ifndef GRUVI_INSPECT_H
#define GRUVI_INSPECT_H

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

/* --- loaded objects ---------------------------------------------------------
 */

#define GRUVI__BUILD_ID 32 /* the most bytes of a build-id that are kept */

/* The program, a library, a plugin.  It stays valid, also when it is unloaded.
 */
typedef struct gruvi__module {
    uintptr_t low, high; /* its code: from low up to high */
    uintptr_t bias;      /* an address less bias is one of its file */
    const char *path;    /* as it was opened; absolute, but for the vdso */
    uint8_t build_id[GRUVI__BUILD_ID];
    uint8_t build_id_size; /* 0: it has none */
} gruvi__module_t;

/*
 * Look for objects that were loaded or unloaded.  At the start, and after each
 * dlopen().
 *
 * Returns 0.
 * Errors:  UV_ENOMEM; what was found stays.
 * Context: any thread, not in a signal handler.
 */
GRUVI_API int gruvi__modules_update(void);

/* The object with code at an address, as of the last update; or NULL.
 * Context: any thread, async-signal-safe. */
GRUVI_API const gruvi__module_t *gruvi__module_at(uintptr_t address);

/*
 * The function at an address by the table of dynamic symbols: static functions
 * are not in it.
 *
 *   offset  set to the bytes from its beginning
 *
 * Returns its name, which is the object's; or NULL.
 * Context: any thread, async-signal-safe.
 */
GRUVI_API const char *gruvi__function_at(uintptr_t address, size_t *offset);

/* The file's name without its folders.
 * Context: any thread, async-signal-safe. */
GRUVI_API const char *gruvi__module_name(const gruvi__module_t *module);

/* What a build-id is in text: hexadecimal digits and a zero. */
#define GRUVI__BUILD_ID_TEXT (2 * GRUVI__BUILD_ID + 1)

/* Write it; empty where there is none.
 * Context: any thread, async-signal-safe. */
GRUVI_API void gruvi__build_id_text(const gruvi__module_t *module, char *text);

/*
 * Write "function+0x1c (echo.so+0x11f3)", or "echo.so+0x11f3", or "0x7f...".
 *
 *   text  size bytes, where it is cut; ends with a zero
 *
 * Returns how long it is.
 * Context: any thread, async-signal-safe.
 */
GRUVI_API size_t gruvi__address_text(uintptr_t address, char *text,
                                     size_t size);

/* --- fibers ------------------------------------------------------------------
 */

/* What a fiber is doing.  Texts are static, but for the name. */
typedef struct gruvi__fiber_view {
    const char *name;  /* valid as long as the fiber; NULL: it has only an id */
    uint64_t id;       /* "Fiber-ID" */
    const char *state; /* "waits", "ready", "runs" */
    const char *waits; /* for what; "" where it does not wait */
    double waited;     /* seconds, in steps of 17 ms; 0 where it does not */
    size_t used, size; /* bytes of its stack; used is 0 where it is not known */
} gruvi__fiber_view_t;

/* Context: the thread of its hub. */
GRUVI_API void gruvi__fiber_look(const gruvi_fiber_t *fiber,
                                 gruvi__fiber_view_t *view);

/*
 * Visit the fibers of a hub in slices.  Between two slices fibers may end, and
 * new ones begin, which are not visited.  A hub is visited once at a time.
 *
 * Returns 0.
 * Errors:  UV_EBUSY: it is being visited.
 * Context: the hub's thread.
 */
GRUVI_API int gruvi__visit_begin(gruvi_hub_t *hub);

/*
 * Visit the next fibers; the root fiber and the hub's own are the first.
 *
 *   max  how many
 *   fn   may neither switch nor start or end fibers
 *
 * Returns whether there are more; if not, the visit is over.
 * Context: the hub's thread.
 */
GRUVI_API bool gruvi__visit_some(gruvi_hub_t *hub, unsigned max,
                                 void (*fn)(gruvi_fiber_t *fiber, void *arg),
                                 void *arg);

/* End a visit before its time; nothing where there is none.
 * Context: the hub's thread. */
GRUVI_API void gruvi__visit_end(gruvi_hub_t *hub);

/* --- switches ----------------------------------------------------------------
 */

enum gruvi__switch_kind {
    GRUVI__SWITCH_BEGIN, /* its function is called */
    GRUVI__SWITCH_IN,    /* it goes on */
    GRUVI__SWITCH_OUT,   /* it waits, or lets others run */
    GRUVI__SWITCH_END,   /* its function has returned */

    /* What the hub itself does, where no fiber runs; number says: */
    GRUVI__HUB_POLL,      /* it polls its loop; 1: it may wait there */
    GRUVI__HUB_TURN,      /* it has polled, and a turn begins; which */
    GRUVI__HUB_POSTS,     /* messages of other threads have run; how many */
    GRUVI__HUB_CALLBACKS, /* callbacks of its own have run; how many */
    GRUVI__HUB_TIMERS     /* deadlines were due; how many */
};

/* What has happened to a fiber, or what the hub has done. */
typedef struct gruvi__switch {
    uint64_t at; /* nanoseconds, by uv_hrtime() */
    union {
        uint64_t fiber;  /* its id; 0: the root fiber */
        uint64_t number; /* of GRUVI__HUB_ */
    };
    uint64_t cpu;      /* nanoseconds that the thread has run, of HUB_POLL and
                          HUB_TURN */
    const char *waits; /* static text, of an OUT: for what; "": it let others
                          run */
    const char *label; /* what was asked for; "" for the hub */
    char name[32];
    uint8_t kind; /* enum gruvi__switch_kind */
} gruvi__switch_t;

/*
 * Note the switches of a hub, and its turns, from now on.  What runs while
 * nobody traces does not do more for it.  Fibers that are there already have no
 * BEGIN, and no END.
 *
 *   ring   where to note them; the oldest is overwritten.  Borrowed until
 *          gruvi__trace_stop()
 *   n      of them: a power of two
 *   label  static text for a fiber; no switchpoint.  May be NULL
 *
 * Returns 0.
 * Errors:  UV_EBUSY: it is traced; UV_EINVAL.
 * Context: the hub's thread.
 */
GRUVI_API int gruvi__trace_start(gruvi_hub_t *hub, gruvi__switch_t *ring,
                                 size_t n,
                                 const char *(*label)(const gruvi_fiber_t *));

/*
 * Note no more.
 *
 * Returns how many were noted, overwritten ones too: the next would have gone
 * to ring[number % n].  0 where the hub was not traced. Context: the hub's
 * thread.
 */
GRUVI_API uint64_t gruvi__trace_stop(gruvi_hub_t *hub);

/* --- stacks ------------------------------------------------------------------
 */

#define GRUVI__MOST_FRAMES 64

/*
 * The frames of a stack, the innermost first.  at[0] is where it goes on.  The
 * others are the calls: the return address less 1, so that each lies in the
 * line and function that called.
 */
typedef struct gruvi__frames {
    unsigned n;
    const char *note; /* static text: why frames are missing; or "" */
    uintptr_t at[GRUVI__MOST_FRAMES];
} gruvi__frames_t;

/*
 * The stack of a fiber that does not run: parked, ready, or new.
 *
 * Returns 0.
 * Errors:  UV_EBUSY: it runs; UV_ESRCH: it has ended; UV_ENOTSUP: this build's
 *          contexts do not say where they are.
 * Context: the thread of its hub, not in a signal handler.
 */
GRUVI_API int gruvi__walk_parked(const gruvi_fiber_t *fiber,
                                 gruvi__frames_t *frames);

/*
 * The stack that a signal has interrupted.  frames->note says where there is no
 * more than the first frame, and why: in the middle of a switch, say.
 *
 *   ucontext  the third argument of the handler
 *
 * Returns 0.
 * Errors:  UV_ENOTSUP: the registers of this processor are not known; n is 0.
 * Context: handler of a signal, async-signal-safe.
 */
GRUVI_API int gruvi__walk_interrupted(const void *ucontext,
                                      gruvi__frames_t *frames);

/*
 * Add the callers of code that keeps no frame pointer: look for them on the
 * stack.  frames->note says so where some are guesses; without any that are
 * sure, none is added.
 *
 *   frames  has one frame
 *   at, n   the words of the stack, from the stack pointer on
 *   low     the stack pointer: the words may be a copy
 *
 * Context: any thread, async-signal-safe.
 */
GRUVI_API void gruvi__scan(gruvi__frames_t *frames, const uintptr_t *at,
                           size_t n, uintptr_t low);

/* The fiber that this thread runs, or NULL where it has none yet.
 * Context: any thread, async-signal-safe. */
GRUVI_API gruvi_fiber_t *gruvi__fiber_here(void);

/*
 * Note the bounds of the calling thread's own stack, for walks in handlers.
 * Threads with a hub and those of pools are noted by the library.  Without, a
 * walk asks the kernel page by page what it may read.
 *
 * Context: any thread.
 */
GRUVI_API void gruvi__walk_this_thread(void);

/* --- debuggers ---------------------------------------------------------------
 */

/*
 * Where a debugger finds what it shows, in a process or its core, also of a
 * stripped library: gruvi-gdb.py reads it by its symbol.  Fields may be added;
 * what a debugger does not know it does not need.
 */
#define GRUVI__DEBUG_VERSION 1 /* another one: a field means something else */

typedef struct gruvi__debug_field {
    char name[28]; /* "fiber.state": the offset of that member; or a number */
    uint32_t value;
} gruvi__debug_field_t;

typedef struct gruvi__debug {
    char magic[8]; /* "gruvi", "gruvid" */
    uint32_t version;
    uint32_t n; /* of fields */
    const gruvi__debug_field_t *fields;
    const void *root;   /* gruvi: the list of hubs; gruvid: a pointer to its
                           instances, NULL where it has none */
    const void *sample; /* gruvi: a fiber that has a name, and zeros for all
                           else; gruvid: NULL */
} gruvi__debug_t;

/* Context: a debugger. */
GRUVI_API extern const gruvi__debug_t gruvi__debug;

GRUVI_END_DECLS

#endif
