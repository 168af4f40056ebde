/* SPDX-License-Identifier: MIT */
/*
 * All switchpoints of the library in one table, so that what holds for every
 * switchpoint is tested with each.  check_waits, check_waits_interrupted,
 * check_switchpoint and check_no_memory_switchpoint go through the table.  A
 * row stands below the functions that it names, in the file of its area.
 *
 *   open    make the surroundings of the call, and what it waits for, not ready
 *   call    the switchpoint
 *   grant   make it ready, from the root fiber; NULL: it is from the start,
 *           or never
 *   close   end the surroundings, also where the hub was closed meanwhile
 *
 * The pools get one thread each.
 */
#ifndef TESTS_UNIT_SCENES_H
#define TESTS_UNIT_SCENES_H

#include "unit/harness.h"
#include "unit/net.h"

struct scene;
struct peer;

enum {
    SCENE_WAITS = 1,      /* the call waits while it is not ready */
    SCENE_GRANTED = 2,    /* grant ends such a wait */
    SCENE_TIMED = 4,      /* the call takes a timeout of its own */
    SCENE_READY = 8,      /* it can be ready before the call */
    SCENE_FOR_FIBER = 16, /* the end of a fiber that is older grants it */
    SCENE_ALLOCATES = 32, /* the call asks for memory in its own thread */
    SCENE_PIDFD = 64,     /* needs descriptors of processes: without them the
                             hub asks from time to time */
    SCENE_WAIT = SCENE_WAITS | SCENE_GRANTED | SCENE_READY,
    SCENE_TIMED_WAIT = SCENE_WAIT | SCENE_TIMED
};

struct scene_row {
    const char *name; /* of the function; NULL ends the rows of a file */
    const char *what; /* gruvi_fiber_waiting_for(), where it waits */
    unsigned flags;
    int granted; /* what the call returns where it was ready */
    void (*open)(struct scene *scene);
    int (*call)(struct scene *scene, double timeout);
    void (*grant)(struct scene *scene);
    void (*close)(struct scene *scene);
};

/* The head of a call. */
#define SCENE_CALL(name)                                                       \
    static int name(struct scene *scene __attribute__((unused)),               \
                    double timeout __attribute__((unused)))

/* A row on the stage. */
struct scene {
    const struct scene_row *row;
    gruvi_hub_t *hub;

    /* Called with arg right before, and right after, it is granted; in a fiber
     * or a callback of the hub, before the fiber that waits runs. */
    void (*before)(void *arg), (*after)(void *arg);
    void *arg;

    /* What the calls use and wait for. */
    gruvi_switch_back_t *sb;
    gruvi_fiber_t *target;
    gruvi_group_t group;
    gruvi_watch_t *watch;
    uv_idle_t handle;
    int fds[2];
    gruvi_event_t event;
    gruvi_future_t *future;
    gruvi_lock_t lock;
    gruvi_cond_t cond;
    bool for_it; /* gruvi_cond_wait_for() */
    gruvi_semaphore_t sem;
    gruvi_queue_t queue;
    int (*submit)(gruvi_work_fn fn, void *arg, void **result);
    gruvi_pool_t *pool;
    pthread_t thread; /* its work keeps the pool's only thread busy */
    uv_sem_t began, let_go;
    bool closes; /* somebody has begun to close the pool */
    int ran;     /* atomic */
    struct ends ends;
    struct peer *tls; /* its peer */
    gruvi_tls_t *credentials;
    bool spoiled; /* the stream in it */
    bool emptied; /* the peer has read what was there */
    size_t sent;  /* how much the calls have sent since */
    gruvi_listener_t *listener;
    char address[GRUVI_ADDRESS_SIZE];
    gruvi_udp_t *udp; /* fds[1] is its peer */
    gruvi_signal_t *signal;
    gruvi_file_t *file, *opened;
    char folder[32];
    uv_signal_t raised;
    uv_check_t checked;
    gruvi_process_t *process;
};

/* How many rows have all of these flags, and number i of these rows. */
int scene_count(unsigned flags);
const struct scene_row *scene_row(unsigned flags, int i);

void open_scene(struct scene *scene, gruvi_hub_t *hub,
                const struct scene_row *row);
void close_scene(struct scene *scene);

/* Grant it, from the root fiber, with scene->before and scene->after. */
void grant_scene(struct scene *scene);

/* Whether the row is as the table says here; else says what is missing. */
bool scene_is_whole(const struct scene_row *row);

/* Grant it while nobody waits: a call with SCENE_READY finds it ready. */
void make_scene_ready(struct scene *scene);

/* --- for the files of the table ---------------------------------------------
 */

extern const struct scene_row core_scenes[], sync_scenes[], pool_scenes[],
    stream_scenes[], net_scenes[], os_scenes[], file_scenes[], tls_scenes[];

void open_nothing(struct scene *scene);

/* Call scene->before and scene->after. */
void call_before(struct scene *scene);
void call_after(struct scene *scene);

/* Have them called by the event that grants: the library's own watch and ours
 * are called from one event of the loop. */
void watch_grant(struct scene *scene, int fd, int events);

/* Behind other work in the IO pool; granted, the pool has nothing to do. */
void open_busy_pool(struct scene *scene);
void grant_pool(struct scene *scene);
void close_pool(struct scene *scene);

/* Streams whose reads wait, and whose writes do. */
void open_stream(struct scene *scene);
void open_full_stream(struct scene *scene);
void close_stream(struct scene *scene);
void grant_write(struct scene *scene);

/* Around a write of len bytes: after one that failed only another stream will
 * do.  note_write() returns the result. */
void renew_stream(struct scene *scene, double timeout);
int note_write(struct scene *scene, int result, size_t len);

/* Reads of a stream, which TLS shares. */
int scene_read(struct scene *scene, double timeout);
int scene_read_exact(struct scene *scene, double timeout);
int scene_read_line(struct scene *scene, double timeout);

#endif
