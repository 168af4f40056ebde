/* SPDX-License-Identifier: MIT */
/* A hub's libuv loop, opened without the risk that libuv aborts. */
#ifndef GRUVI_CORE_LOOP_H
#define GRUVI_CORE_LOOP_H

#include <uv.h>

/*
 * Returns 0.
 * Errors:  UV_EMFILE, UV_ENFILE, UV_ENOMEM; what fork() says, where there are
 *          few descriptors.
 */
int gruvi__loop_open(uv_loop_t *loop);

/* Ends a loop whose handles need no waiting for: they never ran. */
void gruvi__loop_drop(uv_loop_t *loop);

#endif
