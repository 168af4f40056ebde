/* SPDX-License-Identifier: MIT */
/* What gruvi_wait() may wait for: a member of an event or a fiber. */
#ifndef GRUVI_CORE_WAITABLE_H
#define GRUVI_CORE_WAITABLE_H

#include <stdint.h>

enum gruvi__waitable_kind { GRUVI__WAITABLE_EVENT, GRUVI__WAITABLE_FIBER };

struct gruvi_waitable {
    uint8_t kind; /* enum gruvi__waitable_kind; zeros are an event */
};

#endif
