/* SPDX-License-Identifier: MIT */
/*
 * jansson calls itself for each level of objects and arrays, 2048 at most: too
 * many for the stack of a fiber.  What is read here may come from a server that
 * lies, from an attacker on the way to it, where TLS has not begun, and from
 * any client that hears a question.  So levels are counted first.
 */
#include "json.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "protocol.h"

static bool
is_too_deep(const char *text, size_t size, size_t levels)
{
    size_t level = 0;
    bool in_string = false;

    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if ((c == '{' || c == '[') && ++level > levels)
            return true;
        else if ((c == '}' || c == ']') && level > 0)
            level--;
    }
    return false;
}

json_t *
nats_json_load(const char *text, size_t size, size_t levels,
               json_error_t *error)
{
    if (!is_too_deep(text, size, levels))
        return json_loadb(text, size, JSON_REJECT_DUPLICATES, error);
    if (error != NULL)
        snprintf(error->text, sizeof error->text, "more than %zu levels",
                 levels);
    return NULL;
}

void
nats_refusal_read(struct nats_refusal *refusal, const json_t *error)
{
    const char *text = json_string_value(json_object_get(error, "description"));

    refusal->code = (int)json_integer_value(json_object_get(error, "err_code"));
    if (text == NULL)
        text = "no reason";
    nats_quote(refusal->says, sizeof refusal->says, text, strlen(text));
}
