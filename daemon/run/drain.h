/* SPDX-License-Identifier: MIT */
/* The stop. */
#ifndef GRUVID_DRAIN_H
#define GRUVID_DRAIN_H

#include <gruvi/switchpoint.h>

struct gruvid__daemon;

/*
 * Stop everything that was started, in reverse order.
 *
 * Context: root fiber of the first hub, switchpoint.
 */
GRUVI_SWITCHPOINT void gruvid__drain(struct gruvid__daemon *daemon);

#endif
