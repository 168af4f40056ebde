/* SPDX-License-Identifier: MIT */
/*
 * Writing without SIGPIPE where the call has no flag against it: the signal is
 * blocked in this thread meanwhile, and taken if the call has raised it.
 */
#ifndef GRUVI_BASE_SIGPIPE_H
#define GRUVI_BASE_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct gruvi__sigpipe {
    sigset_t before;
    bool was_pending; /* that one is not ours to take */
};

void gruvi__sigpipe_hold(struct gruvi__sigpipe *sigpipe);

/* broken: the call has failed with EPIPE. */
void gruvi__sigpipe_release(const struct gruvi__sigpipe *sigpipe, bool broken);

#endif
