/* SPDX-License-Identifier: MIT */
/* JSON as text: see out.h. */
#include "control/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/text.h"

static void
add(struct gruvid__out *out, const char *text, size_t length)
{
    size_t room = out->room > 0 ? out->room : 4096;
    char *more;

    while (room - out->length < length)
        room *= 2;
    if (room != out->room && !out->failed) {
        more = realloc(out->text, room);
        if (more == NULL) {
            out->failed = true;
        } else {
            out->text = more;
            out->room = room;
        }
    }
    if (out->failed)
        return;
    memcpy(out->text + out->length, text, length);
    out->length += length;
}

void
gruvid__out_free(struct gruvid__out *out)
{
    free(out->text);
    memset(out, 0, sizeof *out);
}

void
gruvid__out_raw(struct gruvid__out *out, const char *text)
{
    add(out, text, strlen(text));
}

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text > '~' ||
            *text == '"' || *text == '\\')
            return false;
    return true;
}

void
gruvid__out_string(struct gruvid__out *out, const char *text)
{
    json_t *string;
    char *quoted;

    if (is_plain(text)) {
        add(out, "\"", 1);
        add(out, text, strlen(text));
        add(out, "\"", 1);
        return;
    }
    string = gruvid__json_text(text);
    quoted = json_dumps(string, JSON_ENCODE_ANY);
    if (quoted == NULL)
        out->failed = true;
    else
        gruvid__out_raw(out, quoted);
    free(quoted);
    json_decref(string);
}

void
gruvid__out_whole(struct gruvid__out *out, uint64_t number)
{
    char digits[24], *at = &digits[sizeof digits];

    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    add(out, at, (size_t)(&digits[sizeof digits] - at));
}

/* To the thousandth, without printf(), which asks for the locale's point. */
void
gruvid__out_real(struct gruvid__out *out, double number)
{
    uint64_t thousandths = (uint64_t)(number * 1000 + 0.5);
    char rest[5] = {'.', (char)('0' + thousandths / 100 % 10),
                    (char)('0' + thousandths / 10 % 10),
                    (char)('0' + thousandths % 10), '\0'};

    gruvid__out_whole(out, thousandths / 1000);
    add(out, rest, 4);
}

void
gruvid__out_comma(struct gruvid__out *out)
{
    if (out->length > 0 && out->text[out->length - 1] != '[' &&
        out->text[out->length - 1] != '{' && out->text[out->length - 1] != ':')
        add(out, ",", 1);
}

void
gruvid__out_member(struct gruvid__out *out, const char *name)
{
    gruvid__out_comma(out);
    add(out, "\"", 1);
    add(out, name, strlen(name));
    add(out, "\":", 2);
}
