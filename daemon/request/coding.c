/* SPDX-License-Identifier: MIT */
/*
 * What codings a client takes: Accept-Encoding (RFC 9110, 12.5.3).
 *
 *     gzip;q=0.8, zstd, identity;q=0, *;q=0.1
 *
 * What is malformed is refused, for a reply without coding is always right.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <gruvid/transport.h>

struct member {
    const char *name; /* not ended */
    size_t length;
    int weight; /* 0 to 1000 */
};

static const char *
skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* "0.5" is 500; -1: it is no weight. */
static int
read_weight(const char **text)
{
    const char *at = *text;
    int weight = 0, unit = 1000;

    if (*at != '0' && *at != '1')
        return -1;
    weight = (*at++ - '0') * unit;
    if (*at == '.')
        for (at++, unit /= 10; *at >= '0' && *at <= '9' && unit > 0; at++) {
            weight += (*at - '0') * unit;
            unit /= 10;
        }
    *text = at;
    return weight <= 1000 ? weight : -1;
}

/* Read ";q=0.5", if it is there. */
static const char *
read_parameter(const char *at, struct member *member)
{
    at = skip_blanks(at);
    if (*at != ';')
        return at;
    at = skip_blanks(at + 1);
    if ((at[0] != 'q' && at[0] != 'Q') || at[1] != '=') {
        member->weight = 0;
        return at;
    }
    at += 2;
    member->weight = read_weight(&at);
    return skip_blanks(at);
}

/* Read a member of the list, and go to the next. */
static const char *
read_member(const char *at, struct member *member)
{
    at += strspn(at, " \t,");
    member->name = at;
    member->length = strcspn(at, " \t,;");
    member->weight = 1000;
    at = read_parameter(at + member->length, member);
    if ((*at != ',' && *at != '\0') || member->weight < 0)
        member->weight = 0;
    return at + strcspn(at, ",");
}

static bool
is(const struct member *member, const char *name)
{
    return member->length == strlen(name) &&
           strncasecmp(member->name, name, member->length) == 0;
}

/* "x-gzip" is gzip. */
static bool
names(const struct member *member, const char *coding)
{
    return is(member, coding) ||
           (strcmp(coding, "gzip") == 0 && is(member, "x-gzip"));
}

int
gruvid_coding_weight(const gruvid_header_t *headers, size_t n_headers,
                     const char *coding)
{
    int all = -1;

    for (size_t i = 0; i < n_headers; i++) {
        const char *at = headers[i].value;

        if (strcasecmp(headers[i].name, "Accept-Encoding") != 0)
            continue;
        while (*at != '\0') {
            struct member member;

            at = read_member(at, &member);
            if (names(&member, coding))
                return member.weight;
            if (all < 0 && is(&member, "*"))
                all = member.weight;
        }
    }
    if (all >= 0)
        return all;
    return strcmp(coding, "identity") == 0 ? 1 : 0;
}
