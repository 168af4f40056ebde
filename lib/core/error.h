/* SPDX-License-Identifier: MIT */
/* Errors and their messages: see error.c. */
#ifndef GRUVI_CORE_ERROR_H
#define GRUVI_CORE_ERROR_H

#include <gruvi/base.h>

/* Set gruvi_last_error() and return NULL. */
void *gruvi__fail(int err);

/* Copy a message, cut to GRUVI__MESSAGE_SIZE; NULL: "". */
void gruvi__message_copy(char *to, const char *message);

/* What gruvi_error_message() says from now on: an error is delivered. */
void gruvi__fiber_set_message(gruvi_fiber_t *fiber, const char *message);

/* The same for the current fiber. */
void gruvi__set_error_message(const char *message);

#endif
