/* SPDX-License-Identifier: MIT */
/*
 * Errors.  A function that can fail returns 0 or a positive result, or a
 * negative libuv code (UV_E*).  A function that returns a pointer returns
 * NULL on failure and leaves the code in gruvi_last_error().
 *
 *   seed's exception    code
 *   Timeout             UV_ETIMEDOUT
 *   Cancelled           UV_ECANCELED
 *   KeyboardInterrupt   UV_EINTR
 *   AssertionError      the assertion handler, then UV_EPERM
 *   RuntimeError        UV_EPERM (wrong fiber, wrong thread)
 */
#ifndef GRUVI_ERROR_H
#define GRUVI_ERROR_H

#include <gruvi/base.h>

GRUVI_BEGIN_DECLS

/*
 * A sentence for any code this API returns.
 *
 *   err  a negative UV_E* code, or 0
 *
 * Returns static or per-thread text, never NULL: it is valid until this
 * thread's next call with an unknown code.
 * Context: any thread.
 */
GRUVI_API const char *gruvi_strerror(int err);

/*
 * The symbolic name of a code: "ETIMEDOUT"; "OK" for 0.
 *
 * Returns static or per-thread text, as gruvi_strerror() does.
 * Context: any thread.
 */
GRUVI_API const char *gruvi_err_name(int err);

/*
 * Why the last call in this thread that returns a pointer returned NULL.
 *
 * Returns a negative UV_E* code; 0 where none has failed yet.  A call that
 * succeeds leaves it alone.
 * Context: any thread.
 */
GRUVI_API int gruvi_last_error(void);

/*
 * The message that came with the error last thrown into the current fiber,
 * by gruvi_fiber_cancel(), gruvi_fiber_throw() or gruvi_switch_back_throw();
 * or with the last error of a call that says why it failed (gruvi/tls.h).
 *
 * Returns borrowed text, "" where there was none; it is valid until the next
 * such error in this fiber.  Messages are cut to 63 bytes.
 * Context: any thread.
 */
GRUVI_API const char *gruvi_error_message(void);

GRUVI_END_DECLS

#endif
