/* SPDX-License-Identifier: MIT */
/* What answers look like. */
#ifndef GRUVICTL_SHOW_H
#define GRUVICTL_SHOW_H

#include "gruvictl/gruvictl.h"

void show_status(const struct task *task, const json_t *answer);
void show_plugins(const struct task *task, const json_t *answer);
void show_hubs(const struct task *task, const json_t *answer);
void show_pools(const struct task *task, const json_t *answer);
void show_requests(const struct task *task, const json_t *answer);
void show_connections(const struct task *task, const json_t *answer);
void show_fibers(const struct task *task, const json_t *answer);
void show_config(const struct task *task, const json_t *answer);
void show_log(const struct task *task, const json_t *answer);
void show_log_level(const struct task *task, const json_t *answer);
void show_reload(const struct task *task, const json_t *answer);

/* top.c, trace.c and stop.c */
struct wire;
enum status run_top(const struct task *task, struct wire *wire);
enum status run_trace(const struct task *task, struct wire *wire);
enum status run_stop(const struct task *task, struct wire *wire);

#endif
