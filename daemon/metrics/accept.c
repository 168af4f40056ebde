/* SPDX-License-Identifier: MIT */
/*
 * What a client accepts: media types with parameters, each with a weight.
 *
 *     application/openmetrics-text;version=1.0.0;q=0.5, text/plain;q=0.3, ...
 *
 * A type with another version than ours is none of ours.  Weights are in
 * thousandths, and read without the locale.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <gruvid/metrics.h>

struct range {
    const char *type, *version; /* not ended */
    size_t type_length, version_length;
    unsigned weight; /* 0 to 1000 */
};

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "0.5" is 500; what is no weight is 1000, as if there were none. */
static unsigned
read_weight(const char *text, size_t n)
{
    unsigned weight = 0, unit = 100;

    if (n == 0 || (text[0] != '0' && text[0] != '1') ||
        (n > 1 && text[1] != '.'))
        return 1000;
    weight = text[0] == '1' ? 1000 : 0;
    for (size_t i = 2; i < n && i < 5; i++, unit /= 10) {
        if (text[i] < '0' || text[i] > '9')
            return 1000;
        weight += (unsigned)(text[i] - '0') * unit;
    }
    return weight > 1000 ? 1000 : weight;
}

/* The end of a piece, which a separator ends that is not within quotes. */
static const char *
find_end(const char *at, const char *separators)
{
    bool quoted = false;

    for (; *at != '\0'; at++) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && strchr(separators, *at) != NULL)
            break;
    }
    return at;
}

/* Cut blanks off both ends. */
static void
trim(const char **at, size_t *n)
{
    while (*n > 0 && is_blank(**at)) {
        (*at)++;
        (*n)--;
    }
    while (*n > 0 && is_blank((*at)[*n - 1]))
        (*n)--;
}

static void
read_parameter(struct range *range, const char *at, size_t n)
{
    trim(&at, &n);
    if (n > 2 && strncasecmp(at, "q=", 2) == 0) {
        range->weight = read_weight(at + 2, n - 2);
    } else if (n > 8 && strncasecmp(at, "version=", 8) == 0) {
        range->version = at + 8;
        range->version_length = n - 8;
        if (range->version[0] == '"' && range->version_length > 2) {
            range->version++;
            range->version_length -= 2;
        }
    }
}

/* Read a range, and go behind it. */
static const char *
read_range(const char *at, struct range *range)
{
    const char *end = find_end(at, ",;");

    *range = (struct range){.type = at, .weight = 1000};
    range->type_length = (size_t)(end - at);
    trim(&range->type, &range->type_length);
    while (*end == ';') {
        at = end + 1;
        end = find_end(at, ",;");
        read_parameter(range, at, (size_t)(end - at));
    }
    return *end == ',' ? end + 1 : end;
}

static bool
is(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

static bool
is_type(const struct range *range, const char *type, const char *version)
{
    return is(range->type, range->type_length, type) &&
           (range->version == NULL ||
            is(range->version, range->version_length, version));
}

gruvid_metrics_format_t
gruvid_metrics_choose(const char *accept)
{
    unsigned open = 0, plain = 0;
    struct range range;

    while (accept != NULL && *accept != '\0') {
        accept = read_range(accept, &range);
        if (is_type(&range, "application/openmetrics-text", "1.0.0") &&
            range.weight > open)
            open = range.weight;
        if (is_type(&range, "text/plain", "0.0.4") && range.weight > plain)
            plain = range.weight;
    }
    return open > 0 && open >= plain ? GRUVID_METRICS_OPENMETRICS
                                     : GRUVID_METRICS_PROMETHEUS;
}
