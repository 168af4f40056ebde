/* SPDX-License-Identifier: MIT */
/*
 * The head of a request.  Text stays where the transport has it; what has to be
 * decoded or joined is made when a handler asks for it, but for the path, which
 * routes need.  It is made once: a handler may ask as long as its reply lasts.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "request/request.h"
#include "route/path.h"

static char *
copy(struct gruvid_request *request, const char *text, size_t length)
{
    char *to = gruvid_request_alloc(request, length + 1);

    if (to == NULL)
        return NULL;
    memcpy(to, text, length);
    to[length] = '\0';
    return to;
}

/* --- what was made -------------------------------------------------------- */

enum kind { QUERY, PARAM, HEADER };

struct gruvid__made {
    struct gruvid__made *next;
    enum kind kind;
    const char *value; /* NULL: there is none */
    char name[];
};

static struct gruvid__made *
made_before(const struct gruvid_request *request, enum kind kind,
            const char *name)
{
    struct gruvid__made *made = request->made;

    while (made != NULL &&
           (made->kind != kind || strcmp(made->name, name) != 0))
        made = made->next;
    return made;
}

/* Without memory it is made again the next time. */
static const char *
keep(struct gruvid_request *request, enum kind kind, const char *name,
     const char *value)
{
    size_t size = strlen(name) + 1;
    struct gruvid__made *made =
        gruvid_request_alloc(request, sizeof *made + size);

    if (made != NULL) {
        *made = (struct gruvid__made){request->made, kind, value};
        memcpy(made->name, name, size);
        request->made = made;
    }
    return value;
}

/* --- what is looked at at once -------------------------------------------- */

/* Headers that two readers would not understand in one way if they came twice.
 */
static int
single(const char *name)
{
    switch (*name | 0x20) {
    case 'h':
        return strcasecmp(name, "Host") == 0 ? 1 : 0;
    case 'a':
        return strcasecmp(name, "Authorization") == 0 ? 2 : 0;
    case 'c':
        return strcasecmp(name, "Content-Type") == 0 ? 4 : 0;
    default:
        return 0;
    }
}

static bool
has_doubles(const gruvid_incoming_t *in)
{
    int seen = 0;

    for (size_t i = 0; i < in->n_headers; i++) {
        int bit = single(in->headers[i].name);

        if (seen & bit)
            return true;
        seen |= bit;
    }
    return false;
}

bool
gruvid__request_read_head(struct gruvid_request *request)
{
    const gruvid_incoming_t *in = &request->in;
    bool everything = strcmp(in->target, "*") == 0;
    char *path = gruvid_request_alloc(request, strlen(in->target) + 1);

    if (path == NULL)
        return false;
    request->is_head = strcmp(in->method, "HEAD") == 0;
    request->query = gruvid__path_query(in->target);
    if (everything)
        strcpy(path, "*");
    request->path = path;
    if (has_doubles(in) ||
        (everything ? strcmp(in->method, "OPTIONS") != 0
                    : !gruvid__path_decode(path, in->target))) {
        request->is_malformed = true;
        strcpy(path, "/");
    }
    return true;
}

/* --- for handlers --------------------------------------------------------- */

const char *
gruvid_request_method(const gruvid_request_t *request)
{
    return request->in.method;
}

const char *
gruvid_request_path(const gruvid_request_t *request)
{
    return request->path;
}

const char *
gruvid_request_target(const gruvid_request_t *request)
{
    return request->in.target;
}

const char *
gruvid_request_query_string(const gruvid_request_t *request)
{
    return request->query;
}

const char *
gruvid_request_query(gruvid_request_t *request, const char *name)
{
    const struct gruvid__made *made = made_before(request, QUERY, name);
    char *to;

    if (made != NULL || *request->query == '\0')
        return made != NULL ? made->value : NULL;
    to = gruvid_request_alloc(request, strlen(request->query) + 1);
    if (to == NULL)
        return NULL;
    if (!gruvid__query_find(to, request->query, name))
        to = NULL;
    return keep(request, QUERY, name, to);
}

const char *
gruvid_request_param(const gruvid_request_t *request, const char *name)
{
    const struct gruvid__made *made = made_before(request, PARAM, name);
    /* The arena is the request's, which the caller sees as constant. */
    struct gruvid_request *own = (struct gruvid_request *)(uintptr_t)request;
    size_t length;
    const char *at, *value;

    if (made != NULL)
        return made->value;
    if (request->route == NULL || *name == '\0')
        return NULL;
    at = gruvid__pattern_param(&request->route->pattern, request->path, name,
                               &length);
    value = at == NULL ? NULL : copy(own, at, length);
    return value == NULL ? NULL : keep(own, PARAM, name, value);
}

const char *
gruvid_request_peer(const gruvid_request_t *request)
{
    const char *peer = request->in.peer;

    if (peer == NULL && request->in.peer_of != NULL)
        peer = request->in.peer_of(request->in.exchange);
    return peer == NULL ? "" : peer;
}

const char *
gruvid_request_scheme(const gruvid_request_t *request)
{
    return request->in.scheme == NULL ? "" : request->in.scheme;
}

const char *
gruvid_request_host(const gruvid_request_t *request)
{
    return request->in.host == NULL ? "" : request->in.host;
}

void *
gruvid_request_alloc(gruvid_request_t *request, size_t size)
{
    return gruvid__arena_alloc(&request->arena, size);
}

/* --- headers -------------------------------------------------------------- */

const char *
gruvid__request_first(const struct gruvid_request *request, const char *name)
{
    for (size_t i = 0; i < request->in.n_headers; i++)
        if (strcasecmp(request->in.headers[i].name, name) == 0)
            return request->in.headers[i].value;
    return NULL;
}

static const char *
join(gruvid_request_t *request, const char *name, size_t size)
{
    const char *between = strcasecmp(name, "Cookie") == 0 ? "; " : ", ";
    const struct gruvid__made *made = made_before(request, HEADER, name);
    char *text, *at;

    if (made != NULL)
        return made->value;
    text = at = gruvid_request_alloc(request, size);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < request->in.n_headers; i++) {
        const gruvid_header_t *header = &request->in.headers[i];

        if (strcasecmp(header->name, name) != 0)
            continue;
        if (at != text)
            at = stpcpy(at, between);
        at = stpcpy(at, header->value);
    }
    return keep(request, HEADER, name, text);
}

const char *
gruvid_request_header(gruvid_request_t *request, const char *name)
{
    const char *first = NULL;
    size_t n = 0, size = 1;

    for (size_t i = 0; i < request->in.n_headers; i++) {
        const gruvid_header_t *header = &request->in.headers[i];

        if (strcasecmp(header->name, name) != 0)
            continue;
        if (n++ == 0)
            first = header->value;
        size += strlen(header->value) + 2;
    }
    return n < 2 ? first : join(request, name, size);
}

void
gruvid_request_each_header(const gruvid_request_t *request,
                           void (*fn)(const char *name, const char *value,
                                      void *arg),
                           void *arg)
{
    for (size_t i = 0; i < request->in.n_headers; i++)
        fn(request->in.headers[i].name, request->in.headers[i].value, arg);
}

/* --- for transports ------------------------------------------------------- */

const char *
gruvid_request_route(const gruvid_request_t *request)
{
    return request->route == NULL ? NULL : request->route->pattern.text;
}

const char *
gruvid_request_section(const gruvid_request_t *request)
{
    return request->section;
}
