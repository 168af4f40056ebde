/* SPDX-License-Identifier: MIT */
/* The routes of a section: see table.h. */
#include "route/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- making it ------------------------------------------------------------ */

/* Of two that are the same but for methods, what says HEAD goes before what
 * only stands for it, and what says methods before what takes all. */
static int
rank(const struct gruvid__pattern *pattern)
{
    if (pattern->methods == NULL)
        return 2;
    for (size_t i = 0; pattern->methods[i] != NULL; i++)
        if (strcmp(pattern->methods[i], "HEAD") == 0)
            return 0;
    return 1;
}

static int
compare(const void *a, const void *b)
{
    const struct gruvid__route *left = a, *right = b;
    int order = gruvid__pattern_compare(&left->pattern, &right->pattern);

    return order != 0 ? order : rank(&left->pattern) - rank(&right->pattern);
}

static bool
has_clash(const struct gruvid__routes *routes, const char **wrong, char *why,
          size_t why_size)
{
    for (size_t i = 0; i < routes->n; i++)
        for (size_t j = i + 1; j < routes->n; j++) {
            const struct gruvid__pattern *a = &routes->at[i].pattern;
            const struct gruvid__pattern *b = &routes->at[j].pattern;

            if (gruvid__pattern_compare(a, b) != 0)
                break;
            if (!gruvid__pattern_clashes(a, b))
                continue;
            snprintf(why, why_size,
                     "\"%s\" (to %s) and \"%s\" (to %s) are the same pattern, "
                     "and take the same method",
                     a->text, a->target, b->text, b->target);
            *wrong = routes->at[j].item;
            return true;
        }
    return false;
}

struct gruvid__routes *
gruvid__routes_make(const char *const *items, size_t n,
                    const struct gruvid__memory *memory, const char **wrong,
                    char *why, size_t why_size)
{
    struct gruvid__routes *routes =
        memory->alloc(memory->arg, 1, sizeof *routes);
    char unused[200];

    *wrong = NULL;
    snprintf(why, why_size, "out of memory");
    if (routes != NULL)
        routes->at = memory->alloc(memory->arg, n + 1, sizeof *routes->at);
    if (routes == NULL || routes->at == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct gruvid__route *route = &routes->at[routes->n];

        route->item = items[i];
        routes->n += gruvid__pattern_parse(&route->pattern, items[i], memory,
                                           unused, sizeof unused);
    }
    for (size_t i = 0; i < routes->n; i++)
        routes->names_hosts |= routes->at[i].pattern.host != NULL;
    qsort(routes->at, routes->n, sizeof *routes->at, compare);
    return has_clash(routes, wrong, why, why_size) ? NULL : routes;
}

/* --- finding -------------------------------------------------------------- */

static size_t
without_port(const char *host)
{
    const char *colon = host == NULL ? NULL : strrchr(host, ':');

    if (host == NULL)
        return 0;
    if (colon == NULL || strchr(colon, ']') != NULL)
        return strlen(host);
    return (size_t)(colon - host);
}

static inline bool
is_for_host(const struct gruvid__pattern *pattern, const char *host,
            size_t length)
{
    return pattern->host == NULL ||
           (strlen(pattern->host) == length &&
            strncasecmp(pattern->host, host, length) == 0);
}

struct gruvid__route *
gruvid__routes_find(const struct gruvid__routes *routes, const char *method,
                    const char *host, const char *path)
{
    size_t length = routes->names_hosts ? without_port(host) : 0;

    for (size_t i = 0; i < routes->n; i++) {
        const struct gruvid__pattern *pattern = &routes->at[i].pattern;

        if (is_for_host(pattern, host, length) &&
            gruvid__pattern_fits(pattern, path) &&
            gruvid__pattern_takes(pattern, method))
            return &routes->at[i];
    }
    return NULL;
}

/* --- what is allowed ------------------------------------------------------ */

/* Whether a list has a method. */
static bool
has(const char *list, const char *method)
{
    size_t length = strlen(method);

    while (*list != '\0') {
        size_t size = strcspn(list, ",");

        if (size == length && memcmp(list, method, length) == 0)
            return true;
        list += size + strspn(list + size, ", ");
    }
    return false;
}

static void
add(char *buf, size_t size, const char *method)
{
    size_t length = strlen(buf);

    if (!has(buf, method) && length + strlen(method) + 3 <= size)
        snprintf(buf + length, size - length, "%s%s", length == 0 ? "" : ", ",
                 method);
}

static void
add_all(char *buf, size_t size, const struct gruvid__pattern *pattern)
{
    static const char *const usual[] = {"GET",    "HEAD",  "POST",    "PUT",
                                        "DELETE", "PATCH", "OPTIONS", NULL};
    const char *const *methods =
        pattern->methods == NULL ? usual : pattern->methods;

    for (; *methods != NULL; methods++) {
        add(buf, size, *methods);
        if (strcmp(*methods, "GET") == 0)
            add(buf, size, "HEAD");
    }
}

bool
gruvid__routes_allow(const struct gruvid__routes *routes, const char *host,
                     const char *path, char *buf, size_t size)
{
    size_t length = without_port(host);
    bool some = false;

    *buf = '\0';
    for (size_t i = 0; i < routes->n; i++) {
        const struct gruvid__pattern *pattern = &routes->at[i].pattern;

        if (!is_for_host(pattern, host, length) ||
            (path != NULL && !gruvid__pattern_fits(pattern, path)))
            continue;
        add_all(buf, size, pattern);
        some = true;
    }
    return some;
}
