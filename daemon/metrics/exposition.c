/* SPDX-License-Identifier: MIT */
/* Text for monitoring programs: see exposition.h. */
#include "metrics/exposition.h"

#include <stdlib.h>
#include <string.h>

/* --- text ----------------------------------------------------------------- */

static bool
make_room(struct gruvid__exposition *e, size_t more)
{
    size_t room = e->room == 0 ? 4096 : e->room;
    char *text;

    while (room - e->size <= more)
        room *= 2;
    if (room == e->room)
        return true;
    text = realloc(e->text, room);
    if (text == NULL) {
        e->failed = true;
        return false;
    }
    e->text = text;
    e->room = room;
    return true;
}

static void
put_bytes(struct gruvid__exposition *e, const char *text, size_t n)
{
    if (e->failed || !make_room(e, n))
        return;
    memcpy(e->text + e->size, text, n);
    e->size += n;
    e->text[e->size] = '\0';
}

static void
put(struct gruvid__exposition *e, const char *text)
{
    put_bytes(e, text, strlen(text));
}

/* At least so many digits. */
static void
put_number(struct gruvid__exposition *e, uint64_t n, unsigned digits)
{
    char text[20], *at = text + sizeof text;

    do {
        *--at = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0 || at > text + sizeof text - digits);
    put_bytes(e, at, (size_t)(text + sizeof text - at));
}

static void
put_seconds(struct gruvid__exposition *e, uint64_t ns)
{
    put_number(e, ns / 1000000000, 1);
    put(e, ".");
    put_number(e, ns % 1000000000, 9);
}

/* How many bytes of well-formed UTF-8 are the character at text; 0: none. */
static size_t
character(const unsigned char *text)
{
    unsigned low = 0x80, high = 0xbf;
    size_t n;

    if (*text < 0x80)
        return *text >= 0x20 && *text != 0x7f ? 1 : 0;
    n = *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : 2;
    if (*text < 0xc2 || *text > 0xf4)
        return 0;
    low = *text == 0xe0 ? 0xa0 : *text == 0xf0 ? 0x90 : low;
    high = *text == 0xed ? 0x9f : *text == 0xf4 ? 0x8f : high;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static void
put_escaped(struct gruvid__exposition *e, const char *text)
{
    while (*text != '\0') {
        size_t n = character((const unsigned char *)text);

        if (*text == '\n')
            put(e, "\\n");
        else if (*text == '\\' || *text == '"')
            put_bytes(e, (char[]){'\\', *text}, 2);
        else if (n == 0)
            put(e, "?");
        else
            put_bytes(e, text, n);
        text += n == 0 ? 1 : n;
    }
}

/* --- families ------------------------------------------------------------- */

static bool
is_open(const struct gruvid__exposition *e)
{
    return e->format == GRUVID_METRICS_OPENMETRICS;
}

static const char *
suffix(const struct gruvid__family *family)
{
    switch (family->type) {
    case GRUVID__COUNTER:
        return "_total";
    case GRUVID__INFO:
        return "_info";
    default:
        return "";
    }
}

/* The name in a line about a family: in 0.0.4 that of its samples. */
static void
put_about(struct gruvid__exposition *e, const char *what,
          const struct gruvid__family *family, const char *text)
{
    put(e, "# ");
    put(e, what);
    put(e, " ");
    put(e, family->name);
    if (!is_open(e))
        put(e, suffix(family));
    put(e, " ");
    put(e, text);
    put(e, "\n");
}

void
gruvid__exposition_family(struct gruvid__exposition *e,
                          const struct gruvid__family *family)
{
    static const char *const types[] = {"gauge", "counter", "histogram",
                                        "info"};

    if (!is_open(e)) {
        put_about(e, "HELP", family, family->help);
        put_about(
            e, "TYPE", family,
            types[family->type == GRUVID__INFO ? GRUVID__GAUGE : family->type]);
        return;
    }
    put_about(e, "TYPE", family, types[family->type]);
    if (family->unit != NULL)
        put_about(e, "UNIT", family, family->unit);
    put_about(e, "HELP", family, family->help);
}

/* --- samples -------------------------------------------------------------- */

static void
put_label(struct gruvid__exposition *e, const struct gruvid__label *label,
          bool first)
{
    put(e, first ? "{" : ",");
    put(e, label->name);
    put(e, "=\"");
    put_escaped(e, label->value);
    put(e, "\"");
}

static void
begin_sample(struct gruvid__exposition *e, const struct gruvid__family *family,
             const char *end, const struct gruvid__label *labels, size_t n)
{
    bool first = true;

    put(e, family->name);
    put(e, end);
    for (size_t i = 0; i < n; i++)
        if (labels[i].name != NULL) {
            put_label(e, &labels[i], first);
            first = false;
        }
    put(e, first ? " " : "} ");
}

void
gruvid__exposition_sample(struct gruvid__exposition *e,
                          const struct gruvid__family *family,
                          const struct gruvid__label *labels, uint64_t value)
{
    begin_sample(e, family, suffix(family), labels, GRUVID__LABELS);
    if (family->unit != NULL && strcmp(family->unit, "seconds") == 0)
        put_seconds(e, value);
    else
        put_number(e, value, 1);
    put(e, "\n");
}

/* Each second bound of the buckets is told, in seconds, as OpenMetrics has them
 * written. */
static const char *const bounds[] = {
    "1e-06",     "4e-06",     "1.6e-05",    "6.4e-05",
    "0.000256",  "0.001024",  "0.004096",   "0.016384",
    "0.065536",  "0.262144",  "1.048576",   "4.194304",
    "16.777216", "67.108864", "268.435456", "1073.741824"};

static void
put_bucket(struct gruvid__exposition *e, const struct gruvid__family *family,
           const struct gruvid__label *labels, const char *bound, uint64_t n)
{
    struct gruvid__label all[GRUVID__LABELS + 1];

    memcpy(all, labels, GRUVID__LABELS * sizeof *labels);
    all[GRUVID__LABELS] = (struct gruvid__label){"le", bound};
    begin_sample(e, family, "_bucket", all, GRUVID__LABELS + 1);
    put_number(e, n, 1);
    put(e, "\n");
}

void
gruvid__exposition_histogram(struct gruvid__exposition *e,
                             const struct gruvid__family *family,
                             const struct gruvid__label *labels,
                             const uint64_t *at, size_t n, uint64_t sum)
{
    uint64_t all = 0;

    for (size_t i = 0; i < n; i++) {
        all += at[i];
        if (i % 2 == 0 && i + 1 < n)
            put_bucket(e, family, labels, bounds[i / 2], all);
    }
    put_bucket(e, family, labels, "+Inf", all);
    begin_sample(e, family, "_count", labels, GRUVID__LABELS);
    put_number(e, all, 1);
    put(e, "\n");
    begin_sample(e, family, "_sum", labels, GRUVID__LABELS);
    put_seconds(e, sum);
    put(e, "\n");
}

void
gruvid__exposition_end(struct gruvid__exposition *e)
{
    if (is_open(e))
        put(e, "# EOF\n");
}
