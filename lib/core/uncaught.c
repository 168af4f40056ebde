/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the error that a fiber ends with.  The fiber may never be
 * joined, so the error is logged; a program that knows better sets a handler.
 */
#include <gruvi/error.h>
#include <gruvi/fiber.h>
#include <gruvi/log.h>
#include <gruvi/switchpoint.h>

#include "core/uncaught.h"

#include "base/threads.h"

static gruvi_uncaught_fn uncaught; /* atomic; NULL: log it */

gruvi_uncaught_fn
gruvi_set_uncaught_handler(gruvi_uncaught_fn handler)
{
    return gruvi__atomic_exchange(&uncaught, handler, __ATOMIC_ACQ_REL);
}

void
gruvi__uncaught(gruvi_fiber_t *fiber, int status)
{
    gruvi_uncaught_fn handler = gruvi__atomic_load(&uncaught, __ATOMIC_ACQUIRE);

    if (handler == NULL) {
        gruvi_error("fiber %s ended with %s: %s", gruvi_fiber_name(fiber),
                    gruvi_err_name(status), gruvi_strerror(status));
        return;
    }
    GRUVI_ASSERT_NO_SWITCHPOINTS {
        handler(fiber, status);
    }
}
