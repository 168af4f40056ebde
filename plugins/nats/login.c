/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "secure.h"

static bool
set(json_t *all, const char *name, json_t *value)
{
    return json_object_set_new(all, name, value) == 0;
}

static bool
set_text(json_t *all, const char *name, const char *text)
{
    return text == NULL || set(all, name, json_string(text));
}

/* The text of CONNECT, owned: free(). */
static char *
connect_text(const struct nats_node *node)
{
    const struct nats_settings *settings = &node->settings;
    json_t *all = json_object();
    gruvi_tls_info_t info;
    bool tls = gruvi_tls_info(node->stream, &info) == 0;
    char *text = NULL;

    if (set(all, "verbose", json_false()) &&
        set(all, "pedantic", json_false()) &&
        set(all, "tls_required", json_boolean(tls)) &&
        set(all, "headers", json_true()) &&
        set(all, "no_responders", json_true()) &&
        set(all, "protocol", json_integer(1)) && set_text(all, "lang", "c") &&
        set_text(all, "version", "gruvid") &&
        set_text(all, "name", gruvid_plugin_name(node->plugin)) &&
        set_text(all, "user", settings->user) &&
        set_text(all, "pass", settings->password) &&
        set_text(all, "auth_token", settings->token))
        text = json_dumps(all, JSON_COMPACT);
    json_decref(all);
    return text;
}

static void
forget(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

/* Written at once: the session's writer does not run yet. */
static GRUVI_SWITCHPOINT int
say_hello(struct nats_node *node)
{
    struct nats_buffer hello = {NULL, 0, 0};
    char *text = connect_text(node);
    int err = UV_ENOMEM;

    if (text != NULL && nats_reserve(&hello, strlen(text) + 64) &&
        nats_put_connect(&hello, text) && nats_put_ping(&hello))
        err = gruvi_stream_write(node->stream, hello.data, hello.size);
    forget(text);
    if (hello.data != NULL)
        explicit_bzero(hello.data, hello.size);
    nats_buffer_free(&hello);
    return err;
}

/* Its text is the server's: nothing of it may end a line of the log. */
void
nats_login_tell(const struct nats_node *node, const struct nats_span *text)
{
    char line[256];
    size_t size = text->size < sizeof line ? text->size : sizeof line - 1;

    memcpy(line, text->at, size);
    line[size] = '\0';
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    gruvi_error("the server %s says: %s", node->info.name, line);
}

static bool
is_login(const struct nats_span *text)
{
    return memmem(text->at, text->size, "Authori", 7) != NULL ||
           memmem(text->at, text->size, "Authenti", 8) != NULL;
}

/* The next operation, whatever it is. */
static GRUVI_SWITCHPOINT int
next(struct nats_node *node, struct nats_input *input)
{
    size_t need;
    ssize_t n;

    while ((n = nats_inbox_take(&node->in, input, &need)) == 0) {
        int err = nats_inbox_read(&node->in, node->stream, need);

        if (err < 0) {
            nats_secure_tell(node, err);
            return err;
        }
    }
    return n < 0 ? (int)n : 0;
}

static int
check_info(const struct nats_node *node)
{
    if (node->settings.wants_tls && !node->info.wants_tls &&
        !node->info.has_tls) {
        gruvi_error("the server %s has no TLS, and the section wants it: there "
                    "is no login in clear",
                    node->info.name);
        return UV_ENOTSUP;
    }
    if (node->info.headers)
        return 0;
    gruvi_error("the server %s has no headers: it is too old, or they are "
                "turned off",
                node->info.name);
    return UV_ENOTSUP;
}

GRUVI_SWITCHPOINT int
nats_login(struct nats_node *node, const char *name)
{
    struct nats_input input;
    int err = next(node, &input);

    node->info = (struct nats_info){.max_payload = 1 << 20};
    if (err == 0 && (input.op != NATS_INFO ||
                     !nats_info_read(&node->info, &node->servers, input.text.at,
                                     input.text.size)))
        err = UV_EPROTO;
    if (err == 0)
        err = check_info(node);
    if (err == 0 && (node->settings.wants_tls || node->info.wants_tls))
        err = nats_secure_start(node, name);
    /* A new login is not for a server of before. */
    if (err == 0 && node->moves)
        err = UV_ECONNABORTED;
    if (err == 0)
        err = say_hello(node);
    while (err == 0) {
        err = next(node, &input);
        if (err < 0 || input.op == NATS_PONG)
            break;
        if (input.op == NATS_ERR) {
            nats_login_tell(node, &input.text);
            err = is_login(&input.text) ? UV_EACCES : UV_EPROTO;
        } else if (input.op == NATS_INFO &&
                   !nats_info_read(&node->info, &node->servers, input.text.at,
                                   input.text.size)) {
            err = UV_EPROTO;
        }
    }
    return err;
}
