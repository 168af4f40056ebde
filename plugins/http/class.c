/* SPDX-License-Identifier: MIT */
/* Classes of bytes: RFC 9110, section 5.6.2, and RFC 3986, appendix A. */
#include "class.h"

#include <strings.h>

/* clang-format off */
const uint8_t http_class[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    8, 15, 8, 9, 15, 15, 15, 15, 14, 14, 15, 15, 14, 15, 15, 10,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 10, 14, 8, 14, 8, 10,
    10, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 10, 10, 10, 11, 15,
    11, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 10, 11, 10, 15, 0,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
    8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
};
/* clang-format on */

bool
http_is_host(const char *p, const char *end)
{
    const char *port;

    if (p < end && *p == '[') {
        for (p++; p < end && *p != ']'; p++)
            if (!(class_of(*p) & HTTP_HOST) && *p != ':')
                return false;
        if (p == end || p[-1] == '[')
            return false;
        p++;
    } else {
        while (p < end && class_of(*p) & HTTP_HOST)
            p++;
    }
    if (p == end)
        return true;
    if (*p++ != ':')
        return false;
    for (port = p; p < end && is_digit(*p); p++)
        ;
    return p == end && end - port <= 5;
}

bool
http_is_ours(const char *name, size_t size)
{
    return (size >= 7 && strncasecmp(name, "gruvid-", 7) == 0) ||
           (size >= 5 && strncasecmp(name, "nats-", 5) == 0);
}
