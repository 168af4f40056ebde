/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "head.h"

/* What speaks of a connection of HTTP, or of this one. */
static bool
is_ours(const char *name)
{
    static const char *const names[] = {
        "Connection", "Content-Length", "Expect",  "Keep-Alive",
        "TE",         "Trailer",        "Upgrade", "Transfer-Encoding",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return strncasecmp(name, "Gruvid-", 7) == 0;
}

/* A token of a subject is one segment of a path, whatever is in it: an encoded
 * slash, which no path may have, is refused with 400. */
static bool
put_path(struct nats_buffer *path, const char *subject)
{
    static const char plain[] = "-_~!$&'()*+,;=:@";
    bool ok = nats_put_text(path, "/");

    for (; ok && *subject != '\0'; subject++) {
        char c = *subject, letter = (char)(c | 0x20), code[4];

        snprintf(code, sizeof code, "%%%02X", (unsigned char)c);
        if (c == '.')
            ok = nats_put_text(path, "/");
        else if ((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') ||
                 strchr(plain, c) != NULL)
            ok = nats_put(path, &c, 1);
        else
            ok = nats_put_text(path, code);
    }
    return ok && nats_put(path, "", 1);
}

/* Milliseconds as seconds; negative: it is no such number. */
static double
read_deadline(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits == 0 || digits > 12 || text[digits] != '\0'
               ? -1
               : (double)atoll(text) / 1000;
}

/* The name of a host, perhaps with a port: handlers make links of it. */
static bool
is_host(const char *text)
{
    static const char marks[] = ".-_:[]";

    for (; *text != '\0'; text++) {
        char letter = (char)(*text | 0x20);

        if ((letter < 'a' || letter > 'z') && (*text < '0' || *text > '9') &&
            strchr(marks, *text) == NULL)
            return false;
    }
    return true;
}

/* The value of a field, else what it was; false: there are two. */
static bool
find_only(const gruvid_header_t *fields, size_t n, const char *name,
          const char **value)
{
    bool found = false;

    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(fields[i].name, name) != 0)
            continue;
        if (found)
            return false;
        found = true;
        *value = fields[i].value;
    }
    return true;
}

/*
 * Make of the head what gruvid needs.
 *
 * Returns 0, or the status of what cannot be a request.
 */
static int
read_request(const struct nats_message *message, gruvid_header_t *fields,
             struct nats_buffer *path, gruvid_incoming_t *in)
{
    double timeout = in->timeout;
    const char *deadline = NULL;
    int status = 0, n = 0;

    if (message->head_size > 0)
        n = nats_head_parse(message->head, message->head_size, fields, &status);
    if (n < 0)
        return n == UV_E2BIG ? 431 : 400;
    if (!put_path(path, message->subject))
        return 503;
    in->target = path->data;
    if (!find_only(fields, (size_t)n, "Gruvid-Method", &in->method) ||
        !find_only(fields, (size_t)n, "Gruvid-Path", &in->target) ||
        !find_only(fields, (size_t)n, "Gruvid-Deadline", &deadline) ||
        !find_only(fields, (size_t)n, "Host", &in->host))
        return 400;
    /* That of work was sent at another time. */
    if (deadline != NULL && timeout == 0)
        in->timeout = read_deadline(deadline);
    in->n_headers = nats_head_drop(fields, (size_t)n, is_ours);
    if (status != 0 || !nats_is_name(in->method, strlen(in->method)) ||
        !nats_is_path(in->target) || in->timeout < 0 ||
        (in->host != NULL && !is_host(in->host)) ||
        !nats_is_subject(message->subject, strlen(message->subject)))
        return 400;
    return deadline != NULL && in->timeout == 0 ? 504 : 0;
}

GRUVI_SWITCHPOINT bool
nats_request_route(struct nats_message *message,
                   const gruvid_transport_t *transport, void *exchange,
                   const char *target, double timeout)
{
    gruvid_header_t fields[NATS_FIELDS];
    struct nats_buffer path = {NULL, 0, 0};
    gruvid_incoming_t in = {
        .transport = transport,
        .exchange = exchange,
        .method = message->size > 0 ? "POST" : "GET",
        .target = "/",
        .scheme = "nats",
        .peer = "nats",
        .headers = fields,
        .length = (int64_t)message->size,
        .timeout = timeout,
    };
    gruvid_request_t *request;
    int status = read_request(message, fields, &path, &in);
    bool made;

    if (status != 0) {
        in.method = "GET";
        in.target = "/";
        in.host = NULL;
        in.timeout = 0;
        in.n_headers = 0;
    }
    made = gruvid_request_new(&request, message->node->plugin, &in) == 0;
    if (made) {
        if (status != 0)
            (void)gruvid_route_error(request, status);
        else
            (void)gruvid_route_to(request, target);
        gruvid_request_free(request);
    }
    nats_buffer_free(&path);
    return made;
}
