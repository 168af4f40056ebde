/* SPDX-License-Identifier: MIT */
/*
 * Names and sentences for codes.
 *
 * libuv's sentences talk of sockets and files; those that mean something else
 * here have one of our own.
 */
#include "core/core.h"

/* For codes that libuv does not know: it must not allocate. */
static __thread char unknown[64];

const char *
gruvi_strerror(int err)
{
    switch (err) {
    case 0:
        return "success";
    case UV_ETIMEDOUT:
        return "timed out";
    case UV_ECANCELED:
        return "cancelled";
    case UV_EINTR:
        return "interrupted";
    case UV_ESHUTDOWN:
        return "the hub is closed or closing";
    case UV_EPERM:
        return "not permitted here";
    case UV_EBUSY:
        return "busy: in use, or not finished yet";
    case UV_EALREADY:
        return "already under way";
    case UV_EOF:
        return "end of stream";
    case UV_ENOENT:
        return "no such entry";
    case UV_EINVAL:
        return "invalid argument";
    case UV_ENOTSUP:
        return "not supported";
    default:
        return uv_strerror_r(err, unknown, sizeof unknown);
    }
}

const char *
gruvi_err_name(int err)
{
    if (err == 0)
        return "OK";
    return uv_err_name_r(err, unknown, sizeof unknown);
}

const char *
gruvi_error_message(void)
{
    return gruvi__self.current == NULL ? "" : gruvi__self.current->message;
}
