/* SPDX-License-Identifier: MIT */
/* llhttp: see http_llhttp.h.  A file of its own, because its header and that of
 * http-parser have the same names. */
#include "http_llhttp.h"

#include <string.h>

#include <llhttp.h>

static int
on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct llhttp_reading *reading = parser->data;

    memcpy(reading->body + reading->size, at, length);
    reading->size += length;
    return 0;
}

static int
on_complete(llhttp_t *parser)
{
    struct llhttp_reading *reading = parser->data;

    reading->complete = true;
    return 0;
}

bool
http_llhttp_knows(const char *method)
{
    static const char *const names[] = {
#define METHOD(number, name, string) #string,
        HTTP_METHOD_MAP(METHOD)
#undef METHOD
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(method, names[i]) == 0)
            return true;
    return false;
}

const char *
http_llhttp_read(struct llhttp_reading *reading, const char *data, size_t size)
{
    llhttp_settings_t settings;
    llhttp_t parser;
    llhttp_errno_t code;

    reading->size = 0;
    reading->complete = false;
    llhttp_settings_init(&settings);
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = reading;
    code = llhttp_execute(&parser, data, size);
    if (code == HPE_OK)
        return "";
    return code == HPE_STRICT ? llhttp_get_error_reason(&parser)
                              : llhttp_errno_name(code);
}
