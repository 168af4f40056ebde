/* SPDX-License-Identifier: MIT */
/* Where the lines of an answer go: to a client of the socket, or to a plugin
 * that inspects. */
#ifndef GRUVID_CONTROL_OUTLET_H
#define GRUVID_CONTROL_OUTLET_H

#include <stddef.h>

#include <gruvi.h>

struct gruvid__outlet {
    /* Take bytes.  Never waits; what cannot be taken is dropped. */
    void (*put)(struct gruvid__outlet *outlet, const char *text, size_t length);

    /* Wait until a long answer may go on.  Returns 0, or a negative code: there
     * is nobody for it any more.  A switchpoint. */
    GRUVI_SWITCHPOINT int (*wait)(struct gruvid__outlet *outlet);
};

#endif
