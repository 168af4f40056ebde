/* SPDX-License-Identifier: MIT */
/* A strict reader of metrics: see metrics_text.h. */
#include "daemon/metrics_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

#define MOST_LINES 4000

static struct {
    const char *line[MOST_LINES];
    size_t length[MOST_LINES], n, at;
    gruvid_metrics_format_t format;
} in;

struct family {
    char name[100], type[20], unit[20];
};

/* Where a line is wrong. */
#define wrong(why)                                                             \
    ck_abort_msg("line %zu: %s: %.*s", in.at + 1, why, (int)in.length[in.at],  \
                 in.line[in.at])
#define must(condition, why)                                                   \
    do {                                                                       \
        if (!(condition))                                                      \
            wrong(why);                                                        \
    } while (0)

/* --- lines ---------------------------------------------------------------- */

static size_t
length_of_character(const unsigned char *at)
{
    if (*at < 0x80)
        return 1;
    for (size_t n = 2; n <= 4; n++)
        if ((unsigned)*at >> (7 - n) == (1u << (n + 1)) - 2)
            return n;
    return 0;
}

/* Well-formed UTF-8, with no control character but LF. */
static void
check_characters(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t n = length_of_character((const unsigned char *)text + i);

        ck_assert_msg(n > 0 && i + n <= size, "no UTF-8 at byte %zu", i);
        for (size_t k = 1; k < n; k++)
            ck_assert_int_eq((unsigned char)text[i + k] >> 6, 2);
        ck_assert_msg((unsigned char)text[i] >= ' ' || text[i] == '\n',
                      "a control character at byte %zu", i);
        i += n;
    }
}

static void
split(const char *text, size_t size)
{
    in.n = in.at = 0;
    ck_assert_uint_gt(size, 0);
    ck_assert_int_eq(text[size - 1], '\n');
    while (*text != '\0') {
        const char *end = strchr(text, '\n');

        ck_assert_uint_lt(in.n, MOST_LINES);
        in.line[in.n] = text;
        in.length[in.n] = (size_t)(end - text);
        ck_assert_uint_gt(in.length[in.n], 0);
        in.n++;
        text = end + 1;
    }
}

static bool
is_line(const char *begin)
{
    return in.at < in.n && strncmp(in.line[in.at], begin, strlen(begin)) == 0;
}

/* --- families ------------------------------------------------------------- */

/* "# WHAT NAME TEXT": the text into text, the name checked, or set where it is
 * "". */
static void
read_about(const char *what, char *name, char *text, size_t size)
{
    char found[100], begin[20];
    int n = 0;

    snprintf(begin, sizeof begin, "# %s ", what);
    if (!is_line(begin))
        wrong(what);
    must(sscanf(in.line[in.at] + strlen(begin), "%99[a-z0-9_]%n", found, &n) ==
             1,
         "a name");
    if (name[0] == '\0')
        strcpy(name, found);
    must(strcmp(name, found) == 0, "another name");
    must(in.line[in.at][strlen(begin) + (size_t)n] == ' ', "a blank");
    snprintf(text, size, "%.*s",
             (int)(in.length[in.at] - strlen(begin) - (size_t)n - 1),
             in.line[in.at] + strlen(begin) + n + 1);
    must(text[0] != '\0', "no text");
    in.at++;
}

static bool
ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

static void
read_family(struct family *family)
{
    char help[300], end[30];

    memset(family, 0, sizeof *family);
    if (in.format == GRUVID_METRICS_PROMETHEUS) {
        read_about("HELP", family->name, help, sizeof help);
        read_about("TYPE", family->name, family->type, sizeof family->type);
        must(ends_in(family->name, "_total") ==
                 (strcmp(family->type, "counter") == 0),
             "_total");
    } else {
        read_about("TYPE", family->name, family->type, sizeof family->type);
        if (is_line("# UNIT "))
            read_about("UNIT", family->name, family->unit, sizeof family->unit);
        read_about("HELP", family->name, help, sizeof help);
        snprintf(end, sizeof end, "_%s", family->unit);
        must(family->unit[0] == '\0' || ends_in(family->name, end),
             "the unit is not in the name");
        must(!ends_in(family->name, "_total") &&
                 !ends_in(family->name, "_info"),
             "a suffix in the name of the family");
    }
    must(strchr(help, '\\') == NULL, "an escape");
    must(help[strlen(help) - 1] == '.', "no sentence");
}

/* --- samples -------------------------------------------------------------- */

static const char *
read_label(const char *at, char *le, size_t size)
{
    char name[40];
    int n = 0;

    must(sscanf(at, "%39[a-z_]=\"%n", name, &n) == 1 && n > 0, "a label");
    at += n;
    if (strcmp(name, "le") == 0)
        snprintf(le, size, "%.*s", (int)strcspn(at, "\""), at);
    for (; *at != '"'; at++) {
        must(*at != '\n', "no end of a label");
        if (*at == '\\') {
            at++;
            must(*at == '\\' || *at == '"' || *at == 'n', "an escape");
        }
    }
    return at + 1;
}

/* Digits, and what follows a point. */
static double
read_value(const char *at)
{
    size_t whole = strspn(at, "0123456789"), part;

    must(whole > 0, "a value");
    if (at[whole] == '.') {
        part = strspn(at + whole + 1, "0123456789");
        must(part > 0, "digits behind the point");
        must(at[whole + 1 + part] == '\n', "the end of a value");
    } else {
        must(at[whole] == '\n', "the end of a value");
    }
    return strtod(at, NULL);
}

/* A sample: what is behind the family's name, le, and the value. */
static double
read_sample(const struct family *family, char *suffix, char *le)
{
    const char *at = in.line[in.at];
    size_t n = strlen(family->name);

    must(strncmp(at, family->name, n) == 0, "a sample of another family");
    suffix[0] = le[0] = '\0';
    at += n;
    n = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
    snprintf(suffix, 20, "%.*s", (int)n, at);
    at += n;
    if (*at == '{') {
        do
            at = read_label(at + 1, le, 40);
        while (*at == ',');
        must(*at == '}', "the end of labels");
        at++;
    }
    must(*at == ' ', "a blank");
    return read_value(at + 1);
}

static void
read_buckets(const struct family *family)
{
    double last = -1, bound = 0, value;
    char suffix[20], le[40];

    do {
        value = read_sample(family, suffix, le);
        must(strcmp(suffix, "_bucket") == 0, "no bucket");
        must(value >= last, "buckets do not add up");
        must(strcmp(le, "+Inf") == 0 || strtod(le, NULL) > bound, "a bound");
        bound = strtod(le, NULL);
        last = value;
        in.at++;
    } while (strcmp(le, "+Inf") != 0);
    must(read_sample(family, suffix, le) == last &&
             strcmp(suffix, "_count") == 0,
         "the count");
    in.at++;
    read_sample(family, suffix, le);
    must(strcmp(suffix, "_sum") == 0, "the sum");
    in.at++;
}

static void
read_samples(const struct family *family)
{
    bool open = in.format == GRUVID_METRICS_OPENMETRICS;
    const char *end = !open                                  ? ""
                      : strcmp(family->type, "counter") == 0 ? "_total"
                      : strcmp(family->type, "info") == 0    ? "_info"
                                                             : "";
    char suffix[20], le[40];

    while (in.at < in.n && in.line[in.at][0] != '#') {
        if (strcmp(family->type, "histogram") == 0) {
            read_buckets(family);
            continue;
        }
        read_sample(family, suffix, le);
        must(strcmp(suffix, end) == 0, "the name of a sample");
        must(le[0] == '\0', "a bound");
        in.at++;
    }
}

/* --- all ------------------------------------------------------------------ */

/* Whether two lines have one name with labels, up to the value; in lines about
 * families, up to the text. */
static void
check_twice(size_t a, size_t b)
{
    size_t n = in.length[a], m = in.length[b], from = 0;

    if ((in.line[a][0] == '#') != (in.line[b][0] == '#'))
        return;
    if (in.line[a][0] == '#')
        from = 7;
    while (n > from && in.line[a][n - 1] != ' ')
        n--;
    while (m > from && in.line[b][m - 1] != ' ')
        m--;
    in.at = b;
    must(n != m || memcmp(in.line[a], in.line[b], n) != 0, "twice");
}

void
check_metrics(const char *text, size_t size, gruvid_metrics_format_t format)
{
    struct family family;

    ck_assert_uint_eq(strlen(text), size);
    check_characters(text, size);
    split(text, size);
    in.format = format;
    if (format == GRUVID_METRICS_OPENMETRICS) {
        ck_assert_str_eq(in.line[in.n - 1], "# EOF\n");
        in.n--;
    }
    while (in.at < in.n) {
        read_family(&family);
        read_samples(&family);
    }
    for (size_t a = 0; a < in.n; a++)
        for (size_t b = a + 1; b < in.n; b++)
            check_twice(a, b);
}

/* The line of a sample, or NULL. */
static const char *
find(const char *text, const char *sample, size_t n)
{
    const char *at = text;

    while ((at = strstr(at, "\n")) != NULL) {
        at++;
        if (strncmp(at, sample, n) == 0 && at[n] == ' ')
            return at;
    }
    return NULL;
}

double
metric(const char *text, const char *sample)
{
    const char *at = find(text, sample, strlen(sample));

    ck_assert_msg(at != NULL, "no sample %s in\n%s", sample, text);
    ck_assert_ptr_null(find(at, sample, strlen(sample)));
    return strtod(at + strlen(sample), NULL);
}

static bool
is_counter(const char *line, size_t n)
{
    static const char *const ends[] = {"_total", "_bucket", "_count", "_sum"};
    size_t name = strcspn(line, "{ ");

    (void)n;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (name > strlen(ends[i]) && strncmp(line + name - strlen(ends[i]),
                                              ends[i], strlen(ends[i])) == 0)
            return true;
    return false;
}

void
check_no_counter_went_down(const char *before, const char *after)
{
    size_t counters = 0;

    split(before, strlen(before));
    for (in.at = 0; in.at < in.n; in.at++) {
        const char *line = in.line[in.at], *found;
        size_t n = in.length[in.at];

        if (line[0] == '#' || !is_counter(line, n))
            continue;
        while (line[n] != ' ')
            n--;
        found = find(after, line, n);
        must(found != NULL, "it has gone");
        must(strtod(found + n, NULL) >= strtod(line + n, NULL), "it went down");
        counters++;
    }
    ck_assert_uint_gt(counters, 20);
}
