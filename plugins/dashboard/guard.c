/* SPDX-License-Identifier: MIT */
/*
 * A page of another site may have a browser ask gruvid: by a name that it lets
 * mean 127.0.0.1 (DNS rebinding), or straight.  So the host has to be one that
 * is known, and an origin has to be the page's own.
 *
 * The log and stacks need the token, over a Unix socket, too: a proxy may bring
 * clients of anywhere there, and need not say so.
 */
#include "guard.h"

#include <string.h>
#include <strings.h>

static const gruvid_header_t headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; "
     "connect-src 'self'; img-src 'self'; worker-src 'self'; base-uri 'none'; "
     "form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

static int
add_headers(gruvid_request_t *request)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof headers / sizeof *headers; i++)
        err = gruvid_reply_header(request, headers[i].name, headers[i].value);
    return err;
}

/* The length of a host without its port; [::1] has its colons in brackets. */
static size_t
name_length(const char *host)
{
    const char *bracket = strchr(host, ']');
    const char *colon = strchr(bracket != NULL ? bracket : host, ':');

    return colon != NULL ? (size_t)(colon - host) : strlen(host);
}

static bool
is_name(const char *host, const char *name)
{
    size_t n = name_length(host);

    return strlen(name) == n && strncasecmp(host, name, n) == 0;
}

static bool
is_known(const char *host, const gruvid_plugin_t *plugin)
{
    static const char *const own[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *const *names = gruvid_option_list(plugin, "host", NULL);

    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (is_name(host, own[i]))
            return true;
    for (; *names != NULL; names++)
        if (is_name(host, *names))
            return true;
    return false;
}

/* A proxy may speak TLS in front of us, so the scheme may be either. */
static bool
is_own_origin(const char *origin, const char *host)
{
    if (strncasecmp(origin, "http://", 7) == 0)
        return strcasecmp(origin + 7, host) == 0;
    return strncasecmp(origin, "https://", 8) == 0 &&
           strcasecmp(origin + 8, host) == 0;
}

int
guard_check(gruvid_request_t *request, const gruvid_plugin_t *plugin)
{
    const char *method = gruvid_request_method(request);
    const char *host = gruvid_request_host(request);
    const char *origin = gruvid_request_header(request, "Origin");
    int err = add_headers(request);

    if (err < 0)
        return err;
    if (!is_known(host, plugin))
        return 403;
    if (origin != NULL && !is_own_origin(origin, host))
        return 403;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return 0;
    err = gruvid_reply_header(request, "Allow", "GET, HEAD");
    return err < 0 ? err : 405;
}

/* --- the token ------------------------------------------------------------ */

/* In a time that does not tell how much of it is right. */
static bool
is_token(const char *given, const char *token)
{
    size_t n = strlen(given), length = strlen(token);
    unsigned char differs = n != length;

    for (size_t i = 0; i < n; i++)
        differs |= (unsigned char)given[i] ^ (unsigned char)token[i % length];
    return differs == 0;
}

static bool
has_token(gruvid_request_t *request, const char *token)
{
    const char *given = gruvid_request_header(request, "Authorization");

    return given != NULL && strncasecmp(given, "Bearer ", 7) == 0 &&
           is_token(given + 7, token);
}

int
guard_check_token(gruvid_request_t *request, const gruvid_plugin_t *plugin)
{
    const char *token = gruvid_option_string(plugin, "token");
    int err;

    if (token == NULL || *token == '\0')
        return 403;
    if (has_token(request, token))
        return 0;
    err = gruvid_reply_header(request, "WWW-Authenticate",
                              "Bearer realm=\"gruvid\"");
    return err < 0 ? err : 401;
}
