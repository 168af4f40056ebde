/* SPDX-License-Identifier: MIT */
#include "http/escape.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
corpus_mistake(const struct place *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "%s:%u: ", place->path, place->line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void
bytes_append(struct bytes *bytes, const char *data, size_t size)
{
    size_t need = bytes->size + size + 1;

    /* By half more: AddressSanitizer copies all of it each time. */
    if (malloc_usable_size(bytes->data) < need) {
        bytes->data = realloc(bytes->data, need + need / 2);
        if (bytes->data == NULL)
            abort();
    }
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
    bytes->data[bytes->size] = '\0';
}

/* "(100:x)": text points behind the parenthesis. */
static const char *
repeat(const struct place *place, struct bytes *bytes, const char *text)
{
    struct bytes item = {NULL, 0};
    char *colon;
    unsigned long n = strtoul(text, &colon, 10);

    if (*colon != ':')
        corpus_mistake(place, "no number of times: \\(%s", text);
    text = corpus_unescape(place, &item, colon + 1, ')');
    while (n-- > 0)
        bytes_append(bytes, item.data, item.size);
    free(item.data);
    return text;
}

static char
hex_byte(const struct place *place, const char *digits)
{
    char text[3] = {digits[0], digits[0] != '\0' ? digits[1] : '\0', '\0'},
         *end;
    unsigned long value = strtoul(text, &end, 16);

    if (end != text + 2)
        corpus_mistake(place, "no byte: \\x%s", digits);
    return (char)value;
}

const char *
corpus_escape(const struct place *place, struct bytes *bytes, const char *text)
{
    char byte = *text++;

    switch (byte) {
    case '(':
        return repeat(place, bytes, text);
    case 'x':
        byte = hex_byte(place, text);
        text += 2;
        break;
    case 'r':
        byte = '\r';
        break;
    case 'n':
        byte = '\n';
        break;
    case 't':
        byte = '\t';
        break;
    case '\\':
        break;
    default:
        corpus_mistake(place, "no such escape: \\%c", byte);
    }
    bytes_append(bytes, &byte, 1);
    return text;
}

const char *
corpus_unescape(const struct place *place, struct bytes *bytes,
                const char *text, char end)
{
    bytes_append(bytes, "", 0);
    while (*text != end) {
        if (*text == '\0')
            corpus_mistake(place, "there is no '%c'", end);
        if (*text == '\\') {
            text = corpus_escape(place, bytes, text + 1);
        } else {
            bytes_append(bytes, text++, 1);
        }
    }
    return text + (end != '\0');
}
