/* SPDX-License-Identifier: MIT */
/*
 * A pool of threads as programs see it.
 */
#ifndef GRUVI_POOL_THREADS_H
#define GRUVI_POOL_THREADS_H

#include "pool/pool.h"

struct gruvi__threads {
    gruvi_pool_t pool;
    struct gruvi__thread_pool threads;
};

/* Make one of the pools of the process, which is never freed. */
void gruvi__threads_share(struct gruvi__threads *threads, const char *name,
                          unsigned max);

#endif
