/* SPDX-License-Identifier: MIT */
/*
 * Routes: see pattern.h.
 *
 * Patterns that fit one path have the same literals wherever they have
 * literals.  So where patterns are ordered by the kinds of their segments, the
 * first that fits is what a search would find that goes segment by segment,
 * tries literals first, and takes back a literal that leads nowhere.
 */
#include "route/pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "route/path.h"

#define BLANKS " \t"

/* What is being read. */
struct reading {
    const struct gruvid__memory *memory;
    char *why;
    size_t why_size;
};

static bool __attribute__((format(printf, 2, 3)))
fail(const struct reading *reading, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reading->why, reading->why_size, format, args);
    va_end(args);
    return false;
}

static void *
allocate(const struct reading *reading, size_t n, size_t size)
{
    void *memory = reading->memory->alloc(reading->memory->arg, n, size);

    if (memory == NULL)
        fail(reading, "out of memory");
    return memory;
}

static char *
copy(const struct reading *reading, const char *text, size_t length)
{
    char *to = allocate(reading, length + 1, 1);

    if (to != NULL)
        memcpy(to, text, length);
    return to;
}

/* --- methods -------------------------------------------------------------- */

static bool
is_method(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((text[i] < 'A' || text[i] > 'Z') && text[i] != '-')
            return false;
    return length > 0;
}

static bool
is_among(const char *const *methods, const char *method)
{
    while (*methods != NULL && strcmp(*methods, method) != 0)
        methods++;
    return *methods != NULL;
}

/* "GET,POST" */
static bool
read_methods(const struct reading *reading, struct gruvid__pattern *pattern,
             const char *text, size_t length)
{
    const char **methods = allocate(reading, length / 2 + 2, sizeof *methods);
    size_t n = 0, at = 0;
    char *method;

    if (methods == NULL)
        return false;
    while (at <= length) {
        size_t size = strcspn(text + at, "," BLANKS);

        if (!is_method(text + at, size))
            return fail(reading, "its methods are not of the form GET,POST");
        method = copy(reading, text + at, size);
        if (method == NULL)
            return false;
        if (is_among(methods, method))
            return fail(reading, "the method %s is there twice", method);
        methods[n++] = method;
        at += size + 1;
    }
    pattern->methods = methods;
    return true;
}

/* --- the path ------------------------------------------------------------- */

static bool
is_name(const char *text, size_t length)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    for (size_t i = 0; i < length; i++)
        if (strchr(chars, text[i]) == NULL)
            return false;
    return length > 0;
}

/* "{name}" or "{name...}" */
static bool
read_named(const struct reading *reading, struct gruvid__segment *segment,
           const char *text, size_t length)
{
    size_t size = length - 2;

    segment->kind = GRUVID__ONE;
    if (text[length - 1] == '}' && size > 3 &&
        memcmp(text + 1 + size - 3, "...", 3) == 0) {
        segment->kind = GRUVID__REST;
        size -= 3;
    }
    if (length < 3 || text[length - 1] != '}' || !is_name(text + 1, size))
        return fail(reading,
                    "\"%.*s\" is not {name} or {name...}; a name has letters, "
                    "digits, _ and -",
                    (int)length, text);
    segment->text = copy(reading, text + 1, size);
    segment->length = size;
    return segment->text != NULL;
}

static bool
read_literal(const struct reading *reading, struct gruvid__segment *segment,
             const char *text, size_t length)
{
    char *path = allocate(reading, length + 2, 1), *decoded;

    if (path == NULL)
        return false;
    path[0] = '/';
    memcpy(path + 1, text, length);
    decoded = copy(reading, path, length + 1);
    if (decoded == NULL)
        return false;
    if (memchr(text, '?', length) != NULL ||
        !gruvid__path_decode(decoded, path))
        return fail(reading, "\"%.*s\" cannot be a part of a path", (int)length,
                    text);
    segment->kind = GRUVID__LITERAL;
    segment->text = decoded + 1;
    segment->length = strlen(segment->text);
    return true;
}

static bool
read_segment(const struct reading *reading, struct gruvid__segment *segment,
             const char *text, size_t length)
{
    if (length == 1 && *text == '*') {
        *segment = (struct gruvid__segment){GRUVID__REST, "", 0};
        return true;
    }
    if (length > 0 && *text == '{')
        return read_named(reading, segment, text, length);
    if (memchr(text, '{', length) != NULL || memchr(text, '*', length) != NULL)
        return fail(reading, "\"%.*s\": {name} and * stand for whole segments",
                    (int)length, text);
    return read_literal(reading, segment, text, length);
}

/* Whether the last of n segments has the name of one before it. */
static bool
is_repeated(const struct gruvid__segment *segments, size_t n)
{
    const struct gruvid__segment *last = &segments[n - 1];

    for (size_t i = 0; i + 1 < n; i++)
        if (last->kind != GRUVID__LITERAL && last->length > 0 &&
            segments[i].kind != GRUVID__LITERAL &&
            strcmp(segments[i].text, last->text) == 0)
            return true;
    return false;
}

static bool
read_path(const struct reading *reading, struct gruvid__pattern *pattern,
          const char *path)
{
    struct gruvid__segment *segments =
        allocate(reading, strlen(path) + 1, sizeof *segments);
    size_t n = 0;

    if (segments == NULL)
        return false;
    for (; *path != '\0'; n++) {
        size_t length = strcspn(path + 1, "/");

        if (n > 0 && segments[n - 1].kind == GRUVID__REST)
            return fail(reading, "what stands for the rest has to be last");
        if (length == 0 && path[1] == '/')
            return fail(reading, "it has an empty segment");
        if (!read_segment(reading, &segments[n], path + 1, length))
            return false;
        if (is_repeated(segments, n + 1))
            return fail(reading, "the name {%s} is there twice",
                        segments[n].text);
        path += length + 1;
    }
    pattern->segments = segments;
    pattern->n_segments = n;
    return true;
}

/* --- the whole ------------------------------------------------------------ */

static bool
read_host(const struct reading *reading, struct gruvid__pattern *pattern,
          const char *text, size_t length)
{
    const char *port = memrchr(text, ':', length);

    if (length == 0)
        return true;
    if (port != NULL &&
        memchr(port, ']', (size_t)(text + length - port)) == NULL)
        return fail(reading, "the host has a port; ports are not looked at");
    pattern->host = copy(reading, text, length);
    return pattern->host != NULL;
}

static bool
read_target(const struct reading *reading, struct gruvid__pattern *pattern,
            const char *text)
{
    size_t length = strlen(text);

    while (length > 0 && strchr(BLANKS, text[length - 1]) != NULL)
        length--;
    if (length == 0)
        return fail(reading, "nothing is behind \"->\"");
    pattern->target = copy(reading, text, length);
    if (pattern->target == NULL)
        return false;
    if (strncmp(text, "static:", 7) != 0)
        return true;
    pattern->folder = pattern->target + 7;
    if (pattern->folder[0] != '/')
        return fail(reading, "static: needs the absolute path of a folder");
    if (pattern->segments[pattern->n_segments - 1].kind != GRUVID__REST)
        return fail(reading, "static: needs {name...} or * at the end of the "
                             "pattern");
    return true;
}

/* The pattern, which has no blanks, and its text. */
static bool
read_pattern(const struct reading *reading, struct gruvid__pattern *pattern,
             const char *text, size_t length)
{
    const char *slash = memchr(text, '/', length);

    pattern->text = copy(reading, text, length);
    if (pattern->text == NULL)
        return false;
    if (slash == NULL)
        return fail(reading, "its path does not begin with \"/\"");
    return read_host(reading, pattern, text, (size_t)(slash - text)) &&
           read_path(reading, pattern, pattern->text + (slash - text));
}

bool
gruvid__pattern_parse(struct gruvid__pattern *pattern, const char *text,
                      const struct gruvid__memory *memory, char *why,
                      size_t why_size)
{
    struct reading reading = {memory, why, why_size};
    const char *arrow = strstr(text, "->"), *at = text;
    size_t first, second;

    *pattern = (struct gruvid__pattern){.text = NULL};
    if (arrow == NULL)
        return fail(&reading, "it is not of the form PATTERN -> TARGET");
    at += strspn(at, BLANKS);
    first = strcspn(at, BLANKS);
    if (at + first > arrow)
        first = (size_t)(arrow - at);
    if (memchr(at, '/', first) == NULL) {
        if (!read_methods(&reading, pattern, at, first))
            return false;
        at += first + strspn(at + first, BLANKS);
    }
    second = strcspn(at, BLANKS);
    if (at + second > arrow)
        second = (size_t)(arrow - at);
    if (at + second + strspn(at + second, BLANKS) != arrow)
        return fail(&reading, "there is more than methods and a path before "
                              "\"->\"");
    arrow += 2;
    return read_pattern(&reading, pattern, at, second) &&
           read_target(&reading, pattern, arrow + strspn(arrow, BLANKS));
}

/* --- fitting -------------------------------------------------------------- */

/* Whether a segment of a path fits, which ends at end. */
static inline bool
fits(const struct gruvid__segment *segment, const char *at, const char *end)
{
    size_t length = (size_t)(end - at);

    if (segment->kind == GRUVID__ONE)
        return length > 0;
    return segment->length == length && memcmp(segment->text, at, length) == 0;
}

bool
gruvid__pattern_fits(const struct gruvid__pattern *pattern, const char *path)
{
    for (size_t i = 0; i < pattern->n_segments; i++) {
        const struct gruvid__segment *segment = &pattern->segments[i];
        const char *at = path + 1, *end;

        if (*path == '\0')
            return false;
        if (segment->kind == GRUVID__REST)
            return *at != '\0';
        end = strchrnul(at, '/');
        if (!fits(segment, at, end))
            return false;
        path = end;
    }
    return *path == '\0';
}

bool
gruvid__pattern_takes(const struct gruvid__pattern *pattern, const char *method)
{
    return pattern->methods == NULL || is_among(pattern->methods, method) ||
           (strcmp(method, "HEAD") == 0 && is_among(pattern->methods, "GET"));
}

const char *
gruvid__pattern_param(const struct gruvid__pattern *pattern, const char *path,
                      const char *name, size_t *length)
{
    for (size_t i = 0; i < pattern->n_segments; i++) {
        const struct gruvid__segment *segment = &pattern->segments[i];
        const char *at = path + 1, *end = strchrnul(at, '/');

        if (segment->kind == GRUVID__REST)
            end = at + strlen(at);
        if (segment->kind != GRUVID__LITERAL &&
            strcmp(segment->text, name) == 0) {
            *length = (size_t)(end - at);
            return at;
        }
        path = end;
    }
    return NULL;
}

/* --- order ---------------------------------------------------------------- */

static int
compare_segments(const struct gruvid__segment *a,
                 const struct gruvid__segment *b)
{
    if (a->kind != b->kind)
        return (int)a->kind - (int)b->kind;
    return a->kind == GRUVID__LITERAL ? strcmp(a->text, b->text) : 0;
}

static int
compare_hosts(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a == NULL) - (b == NULL);
    return strcasecmp(a, b);
}

int
gruvid__pattern_compare(const struct gruvid__pattern *a,
                        const struct gruvid__pattern *b)
{
    int order = compare_hosts(a->host, b->host);

    for (size_t i = 0; order == 0; i++) {
        if (i == a->n_segments || i == b->n_segments)
            return (a->n_segments > b->n_segments) -
                   (a->n_segments < b->n_segments);
        order = compare_segments(&a->segments[i], &b->segments[i]);
    }
    return order;
}

bool
gruvid__pattern_clashes(const struct gruvid__pattern *a,
                        const struct gruvid__pattern *b)
{
    if (a->methods == NULL || b->methods == NULL)
        return a->methods == b->methods;
    for (size_t i = 0; a->methods[i] != NULL; i++)
        if (is_among(b->methods, a->methods[i]))
            return true;
    return false;
}
