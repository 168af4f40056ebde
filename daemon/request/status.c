/* SPDX-License-Identifier: MIT */
/* Statuses of replies: see status.h. */
#include "request/status.h"

#include <stddef.h>

#include <uv.h>

int
gruvid__status_of(int returned)
{
    switch (returned) {
    case 0:
        return 204;
    case UV_ENOENT:
        return 404;
    case UV_EACCES:
    case UV_EPERM:
        return 403;
    case UV_EINVAL:
        return 400;
    case UV_E2BIG:
        return 413;
    case UV_ETIMEDOUT:
        return 504;
    case UV_EAGAIN:
    case UV_ENOBUFS:
        return 503;
    default:
        return returned >= 200 && returned <= 599 ? returned : 500;
    }
}

const char *
gruvid__reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "";
}
