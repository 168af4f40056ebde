/* SPDX-License-Identifier: MIT */
/*
 * Dead letters: what no worker can do goes to another stream, where somebody
 * looks at it.  Its id is that of the message, so that a second attempt stores
 * nothing again.
 */
#ifndef NATS_DEAD_LETTER_H
#define NATS_DEAD_LETTER_H

#include "delivery.h"

/*
 * Publish a delivery, and wait until it is stored.
 *
 *   why  what is wrong with it
 *
 * Returns 0, or why it is not known to be stored, after a line in the log.
 */
GRUVI_SWITCHPOINT int nats_dead_letter(const struct nats_delivery *delivery,
                                       const char *subject, const char *why,
                                       double timeout);

#endif
