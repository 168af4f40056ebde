/* SPDX-License-Identifier: MIT */
/*
 * All switchpoints of the library that wait, in one table, so that what holds
 * for every one of them is tested with every one.  The pools get one thread
 * each.
 *
 *   open    make what it waits for, not ready
 *   call    wait for it, in a fiber
 *   grant   make it ready
 *   close   end it
 */
#ifndef TESTS_UNIT_WAITS_H
#define TESTS_UNIT_WAITS_H

#include "unit/harness.h"
#include "unit/net.h"

struct scene;
struct peer;

enum {
    WAIT_TIMEOUT = 1,  /* it takes a timeout of its own */
    WAIT_THROUGH = 2,  /* nothing interrupts it */
    WAIT_NEVER = 4,    /* nothing grants it */
    WAIT_FOR_FIBER = 8 /* the end of a fiber that is older grants it */
};

struct wait_point {
    const char *name;
    const char *what; /* gruvi_fiber_waiting_for() */
    unsigned flags;
    int granted; /* what it returns where granted */
    void (*open)(struct scene *scene);
    int (*call)(struct scene *scene, double timeout);
    void (*grant)(struct scene *scene);
    void (*close)(struct scene *scene);
};

/* One of them on the stage. */
struct scene {
    const struct wait_point *point;
    gruvi_hub_t *hub;

    /* Called with arg right before, and right after, it is granted; in a fiber
     * or a callback of the hub, before the fiber that waits runs. */
    void (*before)(void *arg), (*after)(void *arg);
    void *arg;

    /* What the points wait for. */
    gruvi_switch_back_t *sb;
    gruvi_fiber_t *target;
    gruvi_group_t group;
    gruvi_watch_t *watch;
    int fds[2];
    gruvi_event_t event;
    gruvi_future_t *future;
    gruvi_lock_t lock;
    gruvi_cond_t cond;
    bool for_it; /* gruvi_cond_wait_for() */
    gruvi_semaphore_t sem;
    gruvi_queue_t queue;
    int (*pool)(gruvi_work_fn fn, void *arg, void **result);
    gruvi_pool_t *own_pool;
    pthread_t thread; /* its work keeps the pool's only thread busy */
    uv_sem_t began, let_go;
    int ran; /* atomic */
    struct ends ends;
    struct peer *tls; /* its peer */
    bool spoiled; /* the stream in it */
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

extern const struct wait_point wait_points[];
extern const int wait_point_count;

void open_scene(struct scene *scene, gruvi_hub_t *hub, int point);

/* Also where the hub was closed meanwhile. */
void close_scene(struct scene *scene);

/* Grant it, from the root fiber, with scene->before and scene->after. */
void grant_scene(struct scene *scene);

/* Call scene->before and scene->after. */
void call_before(struct scene *scene);
void call_after(struct scene *scene);

/* Of the table: those that wait for what fibers and threads share. */
void open_event(struct scene *scene);
int call_event(struct scene *scene, double timeout);
void grant_event(struct scene *scene);
void close_event(struct scene *scene);
void open_lock(struct scene *scene);
int call_lock(struct scene *scene, double timeout);
void grant_lock(struct scene *scene);
void close_lock(struct scene *scene);
void open_cond(struct scene *scene);
int call_cond(struct scene *scene, double timeout);
void open_cond_for(struct scene *scene);
void grant_cond(struct scene *scene);
void close_cond(struct scene *scene);
void open_semaphore(struct scene *scene);
int call_semaphore(struct scene *scene, double timeout);
void grant_semaphore(struct scene *scene);
void close_semaphore(struct scene *scene);
void open_empty_queue(struct scene *scene);
void open_full_queue(struct scene *scene);
int call_put(struct scene *scene, double timeout);
void grant_put(struct scene *scene);
int call_get(struct scene *scene, double timeout);
void grant_get(struct scene *scene);
int call_queue_join(struct scene *scene, double timeout);
void grant_queue_join(struct scene *scene);
void close_queue(struct scene *scene);
void open_future(struct scene *scene);
int call_future(struct scene *scene, double timeout);
void grant_future(struct scene *scene);
void close_future(struct scene *scene);
int call_wait(struct scene *scene, double timeout);

/* Of the table: those that wait for pools. */
void open_blocking(struct scene *scene);
void open_compute(struct scene *scene);
int call_pool(struct scene *scene, double timeout);
void grant_pool(struct scene *scene);
void close_pool(struct scene *scene);
void open_abandon(struct scene *scene);
int call_map(struct scene *scene, double timeout);
int call_join_pool(struct scene *scene, double timeout);
void grant_join_pool(struct scene *scene);
void open_close_pool(struct scene *scene);
int call_close_pool(struct scene *scene, double timeout);
void grant_close_pool(struct scene *scene);
void close_close_pool(struct scene *scene);

/* Of the table: those that wait for sockets.  Have before and after called by
 * the event that grants: the stream's own watch and ours are called from one
 * event of the loop. */
void watch_grant(struct scene *scene, int fd, int events);
void open_stream(struct scene *scene);
void open_full_stream(struct scene *scene);
void close_stream(struct scene *scene);
int call_read(struct scene *scene, double timeout);
int call_read_exact(struct scene *scene, double timeout);
int call_read_line(struct scene *scene, double timeout);
int call_take(struct scene *scene, double timeout);
void grant_read(struct scene *scene);
int call_write(struct scene *scene, double timeout);
int call_writev(struct scene *scene, double timeout);
void grant_write(struct scene *scene);
void watch_grant(struct scene *scene, int fd, int events);
void open_listener(struct scene *scene);
void close_listener(struct scene *scene);
int call_accept(struct scene *scene, double timeout);
void grant_accept(struct scene *scene);
int call_serve(struct scene *scene, double timeout);

/* Of the table: those that wait for the network otherwise. */
void open_lookup(struct scene *scene);
int call_lookup(struct scene *scene, double timeout);
void grant_lookup(struct scene *scene);
void close_lookup(struct scene *scene);
void open_udp(struct scene *scene);
void close_udp(struct scene *scene);
int call_udp_recv(struct scene *scene, double timeout);
int call_udp_recv_many(struct scene *scene, double timeout);
void grant_udp_recv(struct scene *scene);
void open_full_udp(struct scene *scene);
int call_udp_send(struct scene *scene, double timeout);
int call_udp_send_many(struct scene *scene, double timeout);
void grant_udp_send(struct scene *scene);
/* Of the table: those that wait for what the system has besides. */
void open_signal(struct scene *scene);
void close_signal(struct scene *scene);
int call_signal_wait(struct scene *scene, double timeout);
int call_signal_next(struct scene *scene, double timeout);
void grant_signal(struct scene *scene);
void open_process(struct scene *scene);
void close_process(struct scene *scene);
int call_process_wait(struct scene *scene, double timeout);
void grant_process(struct scene *scene);

/* Of the table: those that are about files. */
void open_file(struct scene *scene);
void open_folder(struct scene *scene);
void close_file(struct scene *scene);
int call_file_open(struct scene *scene, double timeout);
int call_file_read(struct scene *scene, double timeout);
int call_file_pread(struct scene *scene, double timeout);
int call_file_write(struct scene *scene, double timeout);
int call_file_pwrite(struct scene *scene, double timeout);
int call_file_fsync(struct scene *scene, double timeout);
int call_file_fdatasync(struct scene *scene, double timeout);
int call_file_ftruncate(struct scene *scene, double timeout);
int call_file_stat(struct scene *scene, double timeout);
int call_file_lstat(struct scene *scene, double timeout);
int call_file_fstat(struct scene *scene, double timeout);
int call_file_rename(struct scene *scene, double timeout);
int call_file_unlink(struct scene *scene, double timeout);
int call_file_mkdir(struct scene *scene, double timeout);
int call_file_rmdir(struct scene *scene, double timeout);
int call_file_readdir(struct scene *scene, double timeout);
void open_full_to_send(struct scene *scene);
int call_sendfile(struct scene *scene, double timeout);
void close_sendfile(struct scene *scene);

/* Of the table: those that wait for sockets below TLS. */
void open_tls_stream(struct scene *scene);
void open_full_tls_stream(struct scene *scene);
void open_silent_tls_stream(struct scene *scene);
void close_tls_stream(struct scene *scene);
void grant_tls_read(struct scene *scene);
int call_tls_write(struct scene *scene, double timeout);
int call_handshake(struct scene *scene, double timeout);
void grant_handshake(struct scene *scene);

#endif
