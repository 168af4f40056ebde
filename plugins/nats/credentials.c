/* SPDX-License-Identifier: MIT */
/*
 * A file of credentials has two parts, each between a line of dashes and BEGIN
 * and a line of dashes and END:
 *
 *   NATS USER JWT   three parts of base64 with dots, for the server
 *   USER NKEY SEED  the seed of the key that the JWT is for, a secret
 */
#include "credentials.h"

#include <string.h>

/* The line at *at, without its end and blanks around it; then the next. */
static struct nats_span
take_line(const char **at, const char *end)
{
    const char *from = *at;
    const char *to = memchr(from, '\n', (size_t)(end - from));

    if (to == NULL)
        to = end;
    *at = to == end ? end : to + 1;
    while (from < to && strchr(" \t\r", *from) != NULL)
        from++;
    while (from < to && strchr(" \t\r", to[-1]) != NULL)
        to--;
    return (struct nats_span){from, (size_t)(to - from)};
}

/* Dashes, the text, dashes. */
static bool
is_mark(const struct nats_span *line, const char *text)
{
    size_t length = strlen(text), n = 0;

    while (n < line->size && line->at[n] == '-')
        n++;
    return n >= 3 && line->size >= n + length + 3 &&
           memcmp(line->at + n, text, length) == 0 &&
           memcmp(line->at + n + length, "---", 3) == 0;
}

/* The only line between two marks; false: there is no such part. */
static bool
find_part(const char *at, size_t size, const char *begin, const char *end,
          struct nats_span *part)
{
    const char *last = at + size;
    bool inside = false;

    *part = (struct nats_span){NULL, 0};
    while (at < last) {
        struct nats_span line = take_line(&at, last);

        if (!inside) {
            inside = is_mark(&line, begin);
        } else if (is_mark(&line, end)) {
            return part->size > 0;
        } else if (line.size > 0) {
            if (part->size > 0)
                return false;
            *part = line;
        }
    }
    return false;
}

static bool
is_jwt(const struct nats_span *text)
{
    size_t dots = 0, part = 0;

    for (size_t i = 0; i < text->size; i++) {
        char c = text->at[i], letter = (char)(c | 0x20);

        if (c == '.') {
            if (part == 0)
                return false;
            part = 0;
            dots++;
        } else if ((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_') {
            part++;
        } else {
            return false;
        }
    }
    return dots == 2 && part > 0;
}

const char *
nats_credentials_read(const char *text, size_t size, struct nats_span *jwt,
                      unsigned char seed[NATS_SEED])
{
    struct nats_span line;

    if (!find_part(text, size, "BEGIN NATS USER JWT", "END NATS USER JWT", jwt))
        return "has no part with a NATS USER JWT of one line";
    if (!is_jwt(jwt))
        return "has something in its NATS USER JWT that is none";
    if (!find_part(text, size, "BEGIN USER NKEY SEED", "END USER NKEY SEED",
                   &line))
        return "has no part with a USER NKEY SEED of one line";
    return nats_seed_read(seed, line.at, line.size) == NULL
               ? NULL
               : "has something in its USER NKEY SEED that is not the seed of "
                 "a user";
}
