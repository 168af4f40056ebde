/* SPDX-License-Identifier: MIT */
/* Requests and answers: see request.h. */
#include "control/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/outlet.h"
#include "control/text.h"

/* Items of a list in one line. */
#define PIECE 100

/* --- the answer ------------------------------------------------------------
 */

/* Send an object as a line.  It is taken over; NULL: there was no memory. */
static int
send_line(struct gruvid__outlet *outlet, json_t *object)
{
    char *text =
        object == NULL
            ? NULL
            : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    size_t length = text == NULL ? 0 : strlen(text);

    json_decref(object);
    if (text == NULL)
        return UV_ENOMEM;
    text[length] = '\n'; /* in place of the NUL */
    outlet->put(outlet, text, length + 1);
    free(text);
    return 0;
}

/* The beginning of a line: id and ok.  Text of the client is known to be sound.
 */
static json_t *
begin_line(const json_t *id, bool ok)
{
    json_t *line = json_object();

    if ((id == NULL || json_object_set(line, "id", (json_t *)id) == 0) &&
        json_object_set_new(line, "ok", json_boolean(ok)) == 0)
        return line;
    json_decref(line);
    return NULL;
}

static const json_t *
id_of(const struct gruvid__request *request)
{
    return json_object_get(request->members, "id");
}

/* Add fields, which are taken over, to a line. */
static int
send_with(struct gruvid__outlet *outlet, json_t *line, json_t *fields)
{
    if (line != NULL && fields != NULL &&
        json_object_update_missing(line, fields) < 0) {
        json_decref(line);
        line = NULL;
    }
    json_decref(fields);
    return send_line(outlet, line);
}

/* The last line of an answer.  Without memory there is one as well: the client
 * waits for it. */
static void
send_last(struct gruvid__outlet *outlet, json_t *line, json_t *fields)
{
    static const char sorry[] = "{\"ok\":false,\"code\":\"ENOMEM\","
                                "\"error\":\"no memory for the answer\"}\n";

    if (send_with(outlet, line, fields) < 0)
        outlet->put(outlet, sorry, sizeof sorry - 1);
}

static json_t *
begin_refusal(const json_t *id, int code, const char *why)
{
    json_t *line = begin_line(id, false);

    if (json_object_set_new(line, "code", json_string(gruvi_err_name(code))) ==
            0 &&
        json_object_set_new(line, "error", gruvid__json_text(why)) == 0)
        return line;
    json_decref(line);
    return NULL;
}

int
gruvid__answer(struct gruvid__request *request, json_t *fields)
{
    if (fields == NULL)
        return UV_ENOMEM;
    request->answered = true;
    send_last(request->outlet, begin_line(id_of(request), true), fields);
    return 0;
}

GRUVI_SWITCHPOINT int
gruvid__answer_piece(struct gruvid__request *request, json_t *fields)
{
    json_t *line = begin_line(id_of(request), true);
    int err;

    if (line == NULL || fields == NULL) {
        json_decref(line);
        json_decref(fields);
        return UV_ENOMEM;
    }
    json_object_set_new(line, "more", json_true());
    err = send_with(request->outlet, line, fields);
    return err < 0 ? err : request->outlet->wait(request->outlet);
}

/* An object with items of an array, from one of them on. */
static json_t *
piece_of(const char *name, const json_t *items, size_t from)
{
    json_t *some = json_array();

    for (size_t i = from; i < from + PIECE && i < json_array_size(items); i++)
        json_array_append(some, json_array_get(items, i));
    return json_pack("{s:o}", name, some);
}

static GRUVI_SWITCHPOINT int
send_list(struct gruvid__request *request, const char *name, json_t *items,
          bool last)
{
    size_t n = json_array_size(items), from = 0;
    int err = items == NULL ? UV_ENOMEM : 0;

    for (; err == 0 && from + (last ? PIECE : 0) < n; from += PIECE)
        err = gruvid__answer_piece(request, piece_of(name, items, from));
    if (err == 0 && last)
        err = gruvid__answer(request, piece_of(name, items, from));
    json_decref(items);
    return err;
}

GRUVI_SWITCHPOINT int
gruvid__answer_list(struct gruvid__request *request, const char *name,
                    json_t *items)
{
    return send_list(request, name, items, true);
}

GRUVI_SWITCHPOINT int
gruvid__answer_pieces(struct gruvid__request *request, const char *name,
                      json_t *items)
{
    return send_list(request, name, items, false);
}

GRUVI_SWITCHPOINT int
gruvid__answer_piece_text(struct gruvid__request *request, const char *members,
                          size_t length)
{
    struct gruvid__outlet *outlet = request->outlet;
    json_t *line = begin_line(id_of(request), true);
    char *begin = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);

    json_decref(line);
    if (begin == NULL)
        return UV_ENOMEM;
    /* All but the brace at its end. */
    outlet->put(outlet, begin, strlen(begin) - 1);
    free(begin);
    outlet->put(outlet, ",\"more\":true,", 13);
    outlet->put(outlet, members, length);
    outlet->put(outlet, "}\n", 2);
    return outlet->wait(outlet);
}

static int
refuse(struct gruvid__request *request, json_t *fields, int code,
       const char *format, va_list args)
{
    char why[1024];

    request->answered = true;
    request->refusal = code;
    vsnprintf(why, sizeof why, format, args);
    send_last(request->outlet, begin_refusal(id_of(request), code, why),
              fields);
    return 0;
}

int
gruvid__refuse_with(struct gruvid__request *request, json_t *fields, int code,
                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    refuse(request, fields, code, format, args);
    va_end(args);
    return 0;
}

int
gruvid__refuse(struct gruvid__request *request, int code, const char *format,
               ...)
{
    va_list args;

    va_start(args, format);
    refuse(request, NULL, code, format, args);
    va_end(args);
    return 0;
}

void
gruvid__refuse_line(struct gruvid__outlet *outlet, int code, const char *why)
{
    send_last(outlet, begin_refusal(json_null(), code, why), NULL);
}

/* --- members ---------------------------------------------------------------
 */

const char *
gruvid__request_text(const struct gruvid__request *request, const char *name)
{
    return json_string_value(json_object_get(request->members, name));
}

bool
gruvid__request_flag(const struct gruvid__request *request, const char *name)
{
    return json_is_true(json_object_get(request->members, name));
}

int64_t
gruvid__request_whole(const struct gruvid__request *request, const char *name,
                      int64_t otherwise)
{
    const json_t *value = json_object_get(request->members, name);

    return value == NULL ? otherwise : json_integer_value(value);
}

double
gruvid__request_seconds(const struct gruvid__request *request, const char *name,
                        double otherwise)
{
    const json_t *value = json_object_get(request->members, name);

    return value == NULL ? otherwise : json_number_value(value);
}

bool
gruvid__request_may_act(const struct gruvid__request *request)
{
    return request->peer->may == GRUVID__MAY_ACT;
}
