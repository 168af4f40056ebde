/* SPDX-License-Identifier: MIT */
/* Values of an answer as text, and what the terminal is: see table.h. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gruvictl/table.h"
#include "gruvictl/text.h"

/* --- values -----------------------------------------------------------------
 */

static char *
bytes_text(double bytes)
{
    static const char units[] = "BKMGT";
    size_t unit = 0;
    char text[32];

    for (; bytes >= 1024 && units[unit + 1] != '\0'; unit++)
        bytes /= 1024;
    snprintf(text, sizeof text, unit > 0 && bytes < 10 ? "%.1f%c" : "%.0f%c",
             bytes, units[unit]);
    return need(strdup(text));
}

/* Two units at most: an operator compares, and does not calculate. */
static char *
period_text(double seconds)
{
    char text[64];

    if (!isfinite(seconds) || seconds < 0 || seconds > 1e12)
        snprintf(text, sizeof text, "?");
    else if (seconds < 1e-3)
        snprintf(text, sizeof text, "%.0fus", seconds * 1e6);
    else if (seconds < 1)
        snprintf(text, sizeof text, "%.3gms", seconds * 1e3);
    else if (seconds < 60)
        snprintf(text, sizeof text, "%.3gs", seconds);
    else if (seconds < 3600)
        snprintf(text, sizeof text, "%dm %ds", (int)seconds / 60,
                 (int)seconds % 60);
    else if (seconds < 86400)
        snprintf(text, sizeof text, "%dh %dm", (int)seconds / 3600,
                 (int)seconds % 3600 / 60);
    else
        snprintf(text, sizeof text, "%lldd %dh", (long long)seconds / 86400,
                 (int)((long long)seconds % 86400 / 3600));
    return need(strdup(text));
}

static char *
list_text(const json_t *list)
{
    char *text = need(strdup(""));

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        char *one =
            json_is_array(item) ? need(strdup("?")) : cell_text(ANY, item);
        char *joined;

        if (asprintf(&joined, "%s%s%s", text, i > 0 ? "," : "", one) < 0)
            joined = NULL;
        free(text);
        free(one);
        text = need(joined);
    }
    return text;
}

static char *
plain_text(const json_t *value)
{
    char text[64];

    switch (json_typeof(value)) {
    case JSON_STRING:
        return need(strdup(json_string_value(value)));
    case JSON_TRUE:
        return need(strdup("yes"));
    case JSON_FALSE:
        return need(strdup("no"));
    case JSON_INTEGER:
        snprintf(text, sizeof text, "%lld",
                 (long long)json_integer_value(value));
        return need(strdup(text));
    case JSON_REAL:
        snprintf(text, sizeof text, "%.4g", json_real_value(value));
        return need(strdup(text));
    case JSON_ARRAY:
        return list_text(value);
    case JSON_NULL:
        return need(strdup("-"));
    case JSON_OBJECT:
    default:
        return need(strdup("?"));
    }
}

char *
cell_text(enum cell cell, const json_t *value)
{
    if (value == NULL)
        return need(strdup("-"));
    if (cell == BYTES)
        return json_is_number(value) ? bytes_text(json_number_value(value))
                                     : need(strdup("?"));
    if (cell == PERIOD)
        return json_is_number(value) ? period_text(json_number_value(value))
                                     : need(strdup("?"));
    return plain_text(value);
}

/* --- the terminal -----------------------------------------------------------
 */

/* stdout has no descriptor of its own: see output.c. */
static int
descriptor_of(FILE *out)
{
    return out == stdout ? STDOUT_FILENO : fileno(out);
}

size_t
terminal_width(FILE *out)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (!isatty(descriptor_of(out)))
        return SIZE_MAX;
    if (ioctl(descriptor_of(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return columns != NULL && atoi(columns) > 0 ? (size_t)atoi(columns) : 80;
}

bool
has_colour(FILE *out)
{
    const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(descriptor_of(out)) && (none == NULL || *none == '\0') &&
           term != NULL && strcmp(term, "dumb") != 0;
}
