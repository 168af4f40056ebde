/* SPDX-License-Identifier: MIT */
/*
 * Errors.  A function that can fail returns 0 or a positive result, or a
 * negative libuv code (UV_E*).  A function that returns a pointer returns
 * NULL on failure and leaves the code in gruvi_last_error().
 *
 *   what happened             code
 *   timeout or deadline       UV_ETIMEDOUT
 *   cancelled                 UV_ECANCELED
 *   SIGINT                    UV_EINTR
 *   failed assertion          the assertion handler, then UV_EPERM
 *   wrong fiber or thread     UV_EPERM
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
 * Returns static or per-thread text, never NULL.  It is valid until this
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
 * The code of the last call in this thread that returned NULL for a pointer.
 *
 * Returns a negative UV_E* code; 0 if no call has failed yet.  A call that
 * succeeds does not change it.
 * Context: any thread.
 */
GRUVI_API int gruvi_last_error(void);

/*
 * The message of the error that was last thrown into the current fiber by
 * gruvi_fiber_cancel(), gruvi_fiber_throw() or gruvi_switch_back_throw(), or
 * of the last call that failed with a message (gruvi/tls.h).
 *
 * Returns borrowed text, "" if there was none; it is valid until the next
 * such error in this fiber.  Messages are cut to 63 bytes.
 * Context: any thread.
 */
GRUVI_API const char *gruvi_error_message(void);

GRUVI_END_DECLS

#endif
