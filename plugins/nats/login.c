/* SPDX-License-Identifier: MIT */
#include "login.h"

#include <stdio.h>
#include <string.h>

#include "proof.h"
#include "secure.h"

/* A member of an object, with the comma in front. */
static void
put(struct nats_buffer *out, const char *name, const char *value)
{
    nats_put_text(out, ",\"");
    nats_put_text(out, name);
    nats_put_text(out, "\":");
    nats_put_text(out, value);
}

/* The same for text; NULL: there is none. */
static void
put_string(struct nats_buffer *out, const char *name, const char *text,
           size_t size)
{
    char escaped[8];

    if (text == NULL)
        return;
    put(out, name, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
            nats_put(out, text + i, 1);
            continue;
        }
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
        nats_put_text(out, escaped);
    }
    nats_put_text(out, "\"");
}

static void
put_text(struct nats_buffer *out, const char *name, const char *text)
{
    put_string(out, name, text, text == NULL ? 0 : strlen(text));
}

static void
put_proof(struct nats_buffer *out, const struct nats_proof *proof)
{
    if (proof->signature.text[0] == '\0')
        return;
    if (proof->jwt.size > 0)
        put_string(out, "jwt", proof->jwt.at, proof->jwt.size);
    else
        put_text(out, "nkey", proof->signature.key);
    put_text(out, "sig", proof->signature.text);
}

/* Bytes that all of it takes at most, also where each letter is escaped. */
static size_t
most(const struct nats_node *node, const struct nats_proof *proof)
{
    const struct nats_settings *settings = &node->settings;
    const char *texts[] = {settings->user, settings->password, settings->token,
                           gruvid_plugin_name(node->plugin)};
    size_t total = 1024 + proof->jwt.size;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        total += texts[i] == NULL ? 0 : 6 * strlen(texts[i]);
    return total;
}

/* There is room for all: what grows would leave secrets behind. */
static void
put_hello(struct nats_buffer *out, const struct nats_node *node,
          const struct nats_proof *proof)
{
    const struct nats_settings *settings = &node->settings;
    gruvi_tls_info_t info;
    bool tls = gruvi_tls_info(node->stream, &info) == 0;

    nats_put_text(out, "CONNECT {\"verbose\":false");
    put(out, "pedantic", "false");
    put(out, "tls_required", tls ? "true" : "false");
    put(out, "headers", "true");
    put(out, "no_responders", "true");
    put(out, "protocol", "1");
    put_text(out, "lang", "c");
    put_text(out, "version", "gruvid");
    put_text(out, "name", gruvid_plugin_name(node->plugin));
    put_text(out, "user", settings->user);
    put_text(out, "pass", settings->password);
    put_text(out, "auth_token", settings->token);
    put_proof(out, proof);
    nats_put_text(out, "}\r\nPING\r\n");
}

/* Written at once: the session's writer does not run yet. */
static GRUVI_SWITCHPOINT int
say_hello(struct nats_node *node)
{
    struct nats_buffer hello = {NULL, 0, 0};
    struct nats_proof proof;
    int err = nats_proof_make(&proof, node);

    /* A new login is not for a server of before. */
    if (err == 0 && node->moves)
        err = UV_ECONNABORTED;
    if (err == 0 && !nats_reserve(&hello, most(node, &proof)))
        err = UV_ENOMEM;
    if (err == 0) {
        put_hello(&hello, node, &proof);
        err = gruvi_stream_write(node->stream, hello.data, hello.size);
    }
    nats_proof_forget(&proof);
    if (hello.data != NULL)
        explicit_bzero(hello.data, hello.size);
    nats_buffer_free(&hello);
    return err;
}

void
nats_login_tell(const struct nats_node *node, const struct nats_span *text)
{
    char line[256];

    nats_quote(line, sizeof line, text->at, text->size);
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

    while ((n = nats_reader_take(&node->in, input, &need)) == 0) {
        int err = nats_reader_read(&node->in, node->stream, need);

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
