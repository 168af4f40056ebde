/* SPDX-License-Identifier: MIT */
/*
 * A line of a client as JSON.  jansson goes down a level of arrays and objects
 * by calling itself, 2048 levels at most: too many for the stack of a fiber. So
 * the depth is looked at first.
 */
#include "control/parse.h"

#include <stdbool.h>
#include <stdio.h>

/* No request needs more than two. */
#define MAX_DEPTH 16

/* The deepest level of brackets outside of strings. */
static unsigned
depth(const char *line, size_t length)
{
    unsigned now = 0, most = 0;
    bool in_string = false;

    for (size_t i = 0; i < length; i++) {
        char c = line[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            most = ++now > most ? now : most;
        else if (!in_string && (c == '}' || c == ']') && now > 0)
            now--;
    }
    return most;
}

json_t *
gruvid__control_parse(const char *line, size_t length, char *why,
                      size_t why_size)
{
    json_error_t error;
    json_t *object;

    if (depth(line, length) > MAX_DEPTH) {
        snprintf(why, why_size, "more than %d levels", MAX_DEPTH);
        return NULL;
    }
    object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        snprintf(why, why_size, "not JSON: %s", error.text);
    } else if (!json_is_object(object)) {
        snprintf(why, why_size, "not an object");
        json_decref(object);
        object = NULL;
    }
    return object;
}
