/* SPDX-License-Identifier: MIT */
/* jansson takes no string that is not UTF-8. */
#include "control/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* How many bytes of a character begin here, by its first byte alone. */
static size_t
claimed(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Whether a character of that length begins here: jansson decides. */
static bool
is_character(const char *text, size_t n)
{
    json_t *one;

    if (n == 0 || strnlen(text, n) < n)
        return false;
    one = json_stringn(text, n);
    json_decref(one);
    return one != NULL;
}

static json_t *
mended(const char *text)
{
    char *copy = strdup(text);
    json_t *string;

    if (copy == NULL)
        return NULL;
    for (char *at = copy; *at != '\0';) {
        size_t n = claimed((unsigned char)*at);

        if (!is_character(at, n)) {
            *at = '?';
            n = 1;
        }
        at += n;
    }
    string = json_string(copy);
    free(copy);
    return string;
}

json_t *
gruvid__json_text(const char *text)
{
    json_t *string;

    if (text == NULL)
        return json_null();
    string = json_string(text);
    return string != NULL ? string : mended(text);
}
