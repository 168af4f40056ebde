/* SPDX-License-Identifier: MIT */
/*
 * One parser for each type of an option.
 *
 * They read values of the configuration as well as default, min and max of the
 * tables.  None depends on the locale, which a plugin may have changed.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

/* A longer duration is a slip of the finger. */
static const double max_duration = 100 * 365 * 86400.0;

static bool
is_not(gruvid__why_t *why, const char *text, const char *what)
{
    gruvid__shown_t shown;

    return gruvid__why(why, "\"%s\" is not %s", gruvid__shown(&shown, text),
                       what);
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool
gruvid__parse_bool(const char *text, bool *value, gruvid__why_t *why)
{
    static const char *const words[][2] = {
        {"yes", "no"},
        {"true", "false"},
        {"on", "off"},
        {"1", "0"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *value = strcmp(text, words[i][0]) == 0;
        if (*value || strcmp(text, words[i][1]) == 0)
            return true;
    }
    return is_not(why, text, "yes or no");
}

bool
gruvid__parse_integer(const char *text, int64_t *value, gruvid__why_t *why)
{
    const char *digits = text + (*text == '-' || *text == '+');
    gruvid__shown_t shown;

    *value = 0;
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return is_not(why, text, "an integer");
    errno = 0;
    *value = strtoll(text, NULL, 10);
    if (errno == ERANGE)
        return gruvid__why(why, "\"%s\" is too %s for an integer of 64 bits",
                           gruvid__shown(&shown, text),
                           *text == '-' ? "small" : "large");
    return true;
}

bool
gruvid__parse_number(const char *text, double *value, gruvid__why_t *why)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    gruvid__shown_t shown;
    char *end = NULL;

    *value = 0;
    if (c == (locale_t)0)
        return gruvid__why(why, "out of memory");
    /* strtod() would also take hexadecimal numbers, infinity and NaN. */
    if (text[strspn(text, "0123456789+-.eE")] == '\0')
        *value = strtod_l(text, &end, c);
    freelocale(c);
    if (end == NULL || end == text || *end != '\0') {
        *value = 0;
        return is_not(why, text, "a number");
    }
    if (!isfinite(*value)) {
        *value = 0;
        return gruvid__why(why, "\"%s\" is too large for a number",
                           gruvid__shown(&shown, text));
    }
    return true;
}

bool
gruvid__parse_size(const char *text, uint64_t *value, gruvid__why_t *why)
{
    static const char what[] = "a size, such as 512, 64K, 2M or 1G";
    static const char units[] = "KMGT";
    const char *s = text, *unit;
    gruvid__shown_t shown;
    uint64_t size = 0;
    bool fits = true;

    *value = 0;
    if (!is_digit(*s))
        return is_not(why, text, what);
    for (; is_digit(*s); s++) {
        uint64_t digit = (uint64_t)(*s - '0');

        fits = fits && size <= (UINT64_MAX - digit) / 10;
        size = size * 10 + digit;
    }
    if (*s != '\0') {
        unit = strchr(units, *s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
        if (unit == NULL || s[1] != '\0')
            return is_not(why, text, what);
        for (const char *u = units; u <= unit; u++) {
            fits = fits && size <= UINT64_MAX / 1024;
            size *= 1024;
        }
    }
    if (!fits)
        return gruvid__why(why, "\"%s\" is too large for a size",
                           gruvid__shown(&shown, text));
    *value = size;
    return true;
}

/*
 * A count of a unit is multiplied and divided to get seconds: 250ms is exactly
 * 250 / 1000, and not 250 times 0.001.
 */
static const struct unit {
    const char *name;
    double times;
    double by;
} units[] = {
    {"us", 1, 1e6}, {"ms", 1, 1e3}, {"s", 1, 1},
    {"m", 60, 1},   {"h", 3600, 1}, {"d", 86400, 1},
};

static const struct unit *
find_unit(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) == length &&
            memcmp(units[i].name, text, length) == 0)
            return &units[i];
    }
    return NULL;
}

static const char *
skip_blanks(const char *s)
{
    while (gruvid__is_blank(*s))
        s++;
    return s;
}

/* "90", "1.5h", or the first of "1h 30m": adds to *value, moves *at. */
static bool
duration_part(const char **at, bool only, double *value)
{
    const char *s = *at;
    double count = 0, fraction = 1;
    size_t digits = 0, length = 0;
    const struct unit *unit;

    for (; is_digit(*s); s++, digits++)
        count = count * 10 + (*s - '0');
    if (digits > 0 && *s == '.' && is_digit(s[1])) {
        for (s++; is_digit(*s); s++, digits++) {
            count = count * 10 + (*s - '0');
            fraction *= 10;
        }
    }
    /* A double has that many digits. */
    if (digits == 0 || digits > 15)
        return false;
    s = skip_blanks(s);
    while (s[length] >= 'a' && s[length] <= 'z')
        length++;
    if (length == 0 && (!only || *s != '\0'))
        return false;
    unit = length == 0 ? find_unit("s", 1) : find_unit(s, length);
    if (unit == NULL)
        return false;
    *value += count * unit->times / (fraction * unit->by);
    *at = skip_blanks(s + length);
    return true;
}

bool
gruvid__parse_duration(const char *text, double *value, gruvid__why_t *why)
{
    static const char what[] = "a duration, such as 250ms, 2s or 1m30s";
    gruvid__shown_t shown;
    const char *s = text;
    double sum = 0;

    *value = 0;
    do {
        if (!duration_part(&s, s == text, &sum))
            return is_not(why, text, what);
    } while (*s != '\0');
    if (sum > max_duration)
        return gruvid__why(why, "\"%s\" is too long for a duration",
                           gruvid__shown(&shown, text));
    *value = sum;
    return true;
}
