/* SPDX-License-Identifier: MIT */
/*
 * A reply that may not be changed, or would be worth less, is left alone: one
 * with Set-Cookie, for its length would tell what a secret in it is; one that
 * is coded, is a part, or says no-transform; a file, which offers ranges of its
 * bytes.
 *
 * A 304 has no type.  Its tag is a weak one where the 200's was: a weak one is
 * right for both.
 */
#include "worth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "settings.h"

/* --- lists in headers ----------------------------------------------------- */

/* Whether a list has a word, without case. */
static bool
has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list != '\0') {
        list += strspn(list, " \t,");
        if (strncasecmp(list, word, length) == 0 &&
            strchr(" \t,;", list[length]) != NULL)
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

/* Whether a type is among the names, which NULL ends; "text/" and a
 * star is all of text. */
static bool
is_type(const char *type, const char *const *names)
{
    size_t length = strcspn(type, " \t;");

    for (; names != NULL && *names != NULL; names++) {
        size_t n = strlen(*names);

        if (n > 0 && (*names)[n - 1] == '*') {
            if (length >= n - 1 && strncasecmp(type, *names, n - 1) == 0)
                return true;
        } else if (n == length && strncasecmp(type, *names, n) == 0) {
            return true;
        }
    }
    return false;
}

/* --- what is worth it ----------------------------------------------------- */

/* Whether a header of a reply forbids it. */
static bool
forbids(const gruvid_header_t *header)
{
    switch (header->name[0] | 0x20) {
    case 'a':
        return strcasecmp(header->name, "Accept-Ranges") == 0 &&
               !has_word(header->value, "none");
    case 'c':
        return strcasecmp(header->name, "Content-Encoding") == 0 ||
               strcasecmp(header->name, "Content-Range") == 0 ||
               (strcasecmp(header->name, "Cache-Control") == 0 &&
                has_word(header->value, "no-transform"));
    case 's':
        return strcasecmp(header->name, "Set-Cookie") == 0;
    default:
        return false;
    }
}

static bool
is_long_enough(const gruvid_reply_t *reply,
               const struct http_settings *settings)
{
    if (reply->length < 0)
        return true;
    return reply->length > 0 &&
           (uint64_t)reply->length >= settings->compress_least;
}

bool
http_worth(const gruvid_reply_t *reply, const struct http_settings *settings)
{
    bool fits = reply->status == 304;

    if (settings->codings[0] < 0)
        return false;
    if (!fits && (reply->status > 299 || reply->bodiless ||
                  reply->status == 206 || !is_long_enough(reply, settings)))
        return false;
    for (size_t i = 0; i < reply->n_headers; i++) {
        const gruvid_header_t *header = &reply->headers[i];

        if (forbids(header))
            return false;
        if (strcasecmp(header->name, "Content-Type") == 0)
            fits = is_type(header->value, settings->compress_types);
    }
    return fits;
}

/* --- the head ------------------------------------------------------------- */

/* A weak tag: equal content may have other bytes. */
static const char *
weaken(const char *etag, char **memory)
{
    char *weak = *memory;

    if (strncmp(etag, "W/", 2) == 0)
        return etag;
    *memory = stpcpy(stpcpy(weak, "W/"), etag) + 1;
    return weak;
}

static bool
is_named(const gruvid_header_t *header, const char *name)
{
    return strcasecmp(header->name, name) == 0;
}

void *
http_worth_head(gruvid_reply_t *reply, const char *name)
{
    gruvid_header_t *headers;
    size_t n = reply->n_headers, text = 0;
    bool varies = false;
    char *memory;

    for (size_t i = 0; i < n; i++)
        if (is_named(&reply->headers[i], "ETag"))
            text += strlen(reply->headers[i].value) + 3;
    headers = malloc((n + 2) * sizeof *headers + text);
    if (headers == NULL)
        return NULL;
    memory = (char *)(headers + n + 2);
    for (size_t i = 0; i < n; i++) {
        headers[i] = reply->headers[i];
        if (name != NULL && is_named(&headers[i], "ETag"))
            headers[i].value = weaken(headers[i].value, &memory);
        if (is_named(&headers[i], "Vary"))
            varies |= has_word(headers[i].value, "Accept-Encoding") ||
                      has_word(headers[i].value, "*");
    }
    if (!varies)
        headers[n++] = (gruvid_header_t){"Vary", "Accept-Encoding"};
    if (name != NULL && !reply->bodiless)
        headers[n++] = (gruvid_header_t){"Content-Encoding", name};
    reply->headers = headers;
    reply->n_headers = n;
    return headers;
}
