/* SPDX-License-Identifier: MIT */
/* The real switch back: see switch_back.c. */
#ifndef GRUVI_CORE_SWITCH_BACK_H
#define GRUVI_CORE_SWITCH_BACK_H

#include <stdbool.h>
#include <uv.h>

#include <gruvi/switch_back.h>

#include "base/wheel.h"
#include "core/fiber.h"

struct gruvi__cleanup {
    struct gruvi__cleanup *next;
    void (*callback)(void *arg);
    void *arg;
};

/* gruvi_switch_back_t has room for it. */
struct gruvi__sb {
    gruvi_fiber_t *fiber; /* the origin; NULL: not live */
    struct gruvi__sb *outer;
    uv_mutex_t *lock;
    struct gruvi__deadline deadline; /* with unarmed set, due only */
    double timeout;
    void *value;  /* where latched */
    int error;    /* where thrown */
    bool unarmed; /* the fiber has not waited since: see gruvi__sb_arm() */
    bool used;    /* under lock: a switch or throw came */
    bool latched; /* atomic: value is there, not taken yet */
    bool thrown;  /* atomic: error is there, not delivered yet */
    bool expired; /* the deadline has passed and is not delivered yet */
    bool timed_out;
    struct gruvi__cleanup *cleanups, first_cleanup;
    char message[GRUVI__MESSAGE_SIZE]; /* where thrown */
};

/* Gather what the switch backs of a fiber hold: fiber->switch_value_ready and
 * pending. */
void gruvi__sb_refresh(gruvi_fiber_t *fiber);

/* The fiber is about to be left: arm the deadlines of its switch backs that are
 * not.  Called where fiber->sb_unarmed. */
void gruvi__sb_arm(gruvi_fiber_t *fiber);

/* There is no switch back: have the next switchpoint return err. */
void gruvi__sb_refuse(int err);

/* Deliver what is pending on the switch backs of a fiber. */
int gruvi__sb_take_deadline(gruvi_fiber_t *fiber);
int gruvi__sb_take_error(gruvi_fiber_t *fiber);

#endif
