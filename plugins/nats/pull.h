/* SPDX-License-Identifier: MIT */
/*
 * Pulling: a request for as many messages as there is room for, whose answers
 * come to an inbox.  The next follows when all have come, or when the server
 * has ended it; so it is known how many may still come.
 */
#ifndef NATS_PULL_H
#define NATS_PULL_H

#include "work.h"

/*
 * Pull until this connection ends, or the work is not wanted any more, or
 * something is to be looked at.
 *
 * Returns 0, or UV_EAGAIN: look for the consumer.
 */
GRUVI_SWITCHPOINT int nats_pull(struct nats_work *work);

/* End the pull that is there: look for its plugin and its consumer again. */
void nats_pull_end(struct nats_work *work);

#endif
