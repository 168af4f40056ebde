/* SPDX-License-Identifier: MIT */
/* All switchpoints of the library, each with a call that would not wait. */
#ifndef TESTS_UNIT_SWITCHPOINTS_H
#define TESTS_UNIT_SWITCHPOINTS_H

#include <stdint.h>

#include "unit/harness.h"

struct stage;

struct switchpoint {
    const char *name;
    intmax_t (*call)(struct stage *stage);
};

/* What they are called with. */
struct stage {
    const struct switchpoint *point;
    gruvi_hub_t *hub;
    gruvi_fiber_t *fiber;      /* has ended */
    gruvi_group_t group;       /* is empty */
    uv_idle_t handle;          /* not started */
    gruvi_event_t event;       /* is set */
    gruvi_pool_t *pool;        /* has nothing to do */
    gruvi_future_t *future;    /* is done */
    gruvi_lock_t lock;         /* is free */
    gruvi_cond_t cond;         /* its lock is held by the root fiber */
    gruvi_semaphore_t sem;     /* has one permit */
    gruvi_queue_t queue, full; /* empty; with one item */
    int fds[2];                /* the first is readable */
    gruvi_listener_t *listener;
    gruvi_stream_t *near, *far; /* near has a line to read */
    gruvi_udp_t *udp;           /* it has a datagram to receive */
    gruvi_sockaddr_t udp_address;
    gruvi_signal_t *signal;     /* one has come */
    gruvi_file_t *file;         /* of four bytes */
    gruvi_process_t *process;   /* has ended */
    char folder[32];            /* with the files "file" and "taken" in it */
};

extern const struct switchpoint switchpoints[];
extern const int switchpoint_count;

void open_stage(struct stage *stage, gruvi_hub_t *hub, int point);
void close_stage(struct stage *stage);

/* Of the table: names and datagrams. */
intmax_t call_getaddrinfo(struct stage *stage);
intmax_t call_udp_bind(struct stage *stage);
intmax_t call_udp_connect(struct stage *stage);
intmax_t call_udp_recv(struct stage *stage);
intmax_t call_udp_send(struct stage *stage);
intmax_t call_udp_recv_many(struct stage *stage);
intmax_t call_udp_send_many(struct stage *stage);
void open_udp(struct stage *stage);
void close_udp(struct stage *stage);
/* Of the table: those of the system. */
void open_system(struct stage *stage);
void close_system(struct stage *stage);
intmax_t call_signal_wait(struct stage *stage);
intmax_t call_signal_next(struct stage *stage);
intmax_t call_file_open(struct stage *stage);
intmax_t call_file_close(struct stage *stage);
intmax_t call_file_read(struct stage *stage);
intmax_t call_file_pread(struct stage *stage);
intmax_t call_file_write(struct stage *stage);
intmax_t call_file_pwrite(struct stage *stage);
intmax_t call_file_fsync(struct stage *stage);
intmax_t call_file_fdatasync(struct stage *stage);
intmax_t call_file_ftruncate(struct stage *stage);
intmax_t call_file_stat(struct stage *stage);
intmax_t call_file_lstat(struct stage *stage);
intmax_t call_file_fstat(struct stage *stage);
intmax_t call_file_rename(struct stage *stage);
intmax_t call_file_unlink(struct stage *stage);
intmax_t call_file_mkdir(struct stage *stage);
intmax_t call_file_rmdir(struct stage *stage);
intmax_t call_file_readdir(struct stage *stage);
intmax_t call_sendfile(struct stage *stage);
intmax_t call_process_spawn(struct stage *stage);
intmax_t call_process_wait(struct stage *stage);
intmax_t call_process_communicate(struct stage *stage);

#endif
