/* SPDX-License-Identifier: MIT */
/* The same command of all nodes: gruvictl --cluster. */
#ifndef GRUVICTL_CLUSTER_H
#define GRUVICTL_CLUSTER_H

#include "gruvictl/wire.h"

/*
 * Ask all nodes that the gruvid at the other end knows.
 *
 *   request  of the command; with "do"
 *   answer   "nodes": an object for each that has answered, with its name as
 *            "node"; "silent" and "failed": the others; and each list of the
 *            answers, joined, with "node" in its items.  NULL on failure
 *
 * Says on stderr which nodes are silent or have refused.
 *
 * Returns MISSING, with an answer, where fewer than task->expect have answered.
 */
enum status cluster_ask(const struct task *task, struct wire *wire,
                        const json_t *request, json_t **answer);

/* Of this gruvid, or with --cluster of all. */
enum status task_ask(const struct task *task, struct wire *wire,
                     const json_t *request, json_t **answer);

#endif
