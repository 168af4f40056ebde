/* SPDX-License-Identifier: MIT */
/*
 * Names and sentences for codes.
 *
 * libuv's sentences talk of sockets and files.  A code that means something
 * else here has a sentence of its own.
 */
#include "core/error.h"
#include <string.h>

#include <gruvi/error.h>

#include "core/fiber.h"
#include "core/thread.h"

/* For codes that libuv does not know; its own functions would allocate. */
static __thread char unknown_sentence[64], unknown_name[64];

#define CASE_NAME(name, sentence)                                              \
    case UV_##name:                                                            \
        return #name;
#define CASE_SENTENCE(name, sentence)                                          \
    case UV_##name:                                                            \
        return sentence;

static const char *
strerror_of_uv(int err)
{
    switch (err) {
        UV_ERRNO_MAP(CASE_SENTENCE)
    default:
        return uv_strerror_r(err, unknown_sentence, sizeof unknown_sentence);
    }
}

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
    case UV_E2BIG:
        return "longer than there is room for";
    case UV_ENOTSUP:
        return "not supported";
    case UV_UNKNOWN:
        return "an exception has left the function";
    default:
        return strerror_of_uv(err);
    }
}

const char *
gruvi_err_name(int err)
{
    switch (err) {
    case 0:
        return "OK";
        UV_ERRNO_MAP(CASE_NAME)
    default:
        return uv_err_name_r(err, unknown_name, sizeof unknown_name);
    }
}

void *
gruvi__fail(int err)
{
    gruvi__self.last_error = err;
    return NULL;
}

int
gruvi_last_error(void)
{
    return gruvi__self.last_error;
}

void
gruvi__message_copy(char *to, const char *message)
{
    size_t n = message == NULL ? 0 : strnlen(message, GRUVI__MESSAGE_SIZE - 1);

    if (n > 0)
        memcpy(to, message, n);
    to[n] = '\0';
}

void
gruvi__fiber_set_message(gruvi_fiber_t *fiber, const char *message)
{
    fiber->has_message = message[0] != '\0';
    if (fiber->has_message)
        gruvi__message_copy(fiber->message, message);
}

const char *
gruvi_error_message(void)
{
    const gruvi_fiber_t *current = gruvi__self.current;

    return current == NULL || !current->has_message ? "" : current->message;
}

void
gruvi__set_error_message(const char *message)
{
    gruvi_fiber_t *fiber = gruvi__root_fiber();

    if (fiber != NULL)
        gruvi__fiber_set_message(fiber, message);
}
