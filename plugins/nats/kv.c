/* SPDX-License-Identifier: MIT */
/*
 * Values by key.  A bucket B is the stream KV_B, a key K in it the subject
 * $KV.B.K, a value the last message there, and its revision the number of that.
 * A deletion is a message, too.
 *
 * The stream's leader is asked for the last message: a direct get may come from
 * a replica that is behind.
 */
#include "bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "head.h"
#include "id.h"
#include "node.h"
#include "session.h"
#include "store.h"

#define MOST_BUCKET 255
#define MOST_KEY    1024
#define SUBJECT     (MOST_BUCKET + MOST_KEY + 8)

/* The code of an error: there is no such message. */
#define NO_MESSAGE 10037

/* --- names ---------------------------------------------------------------- */

static bool
is_of(const char *text, const char *more, size_t most)
{
    size_t n = 0;

    for (; text[n] != '\0' && n <= most; n++) {
        char letter = (char)(text[n] | 0x20);

        if ((letter < 'a' || letter > 'z') &&
            (text[n] < '0' || text[n] > '9') && strchr(more, text[n]) == NULL)
            return false;
    }
    return n > 0 && n <= most;
}

static int
make_subject(char subject[SUBJECT], const char *bucket, const char *key)
{
    if (!is_of(bucket, "-_", MOST_BUCKET) || !is_of(key, "-_/=.", MOST_KEY) ||
        !nats_is_subject(key, strlen(key)))
        return UV_EINVAL;
    snprintf(subject, SUBJECT, "$KV.%s.%s", bucket, key);
    return 0;
}

/* --- base64 --------------------------------------------------------------- */

static int
digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    return at == NULL ? -1 : (int)(at - digits);
}

/* Decode text in its place.  Returns the number of bytes; -1: it is none. */
static ssize_t
decode(char *text)
{
    size_t size = strlen(text), n = 0, padding = 0;
    uint32_t bits = 0;

    if (size % 4 != 0)
        return -1;
    for (size_t i = 0; i < size; i++) {
        bool is_end = text[i] == '=' &&
                      (i == size - 1 || (i == size - 2 && text[i + 1] == '='));
        int value = is_end ? 0 : digit(text[i]);

        if (value < 0)
            return -1;
        padding += is_end;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 3)
            continue;
        /* What is written lags behind what is read. */
        text[n++] = (char)(bits >> 16);
        text[n++] = (char)(bits >> 8);
        text[n++] = (char)bits;
    }
    return (ssize_t)(n - padding);
}

/* --- the last message of a key -------------------------------------------- */

struct value {
    char *data; /* owned */
    size_t size;
    uint64_t revision;
    bool is_absent;  /* there is no message */
    bool is_deleted; /* the message says so */
};

/* A string of base64 in an object, decoded and owned; without it NULL, 0. */
static int
take_bytes(const json_t *message, const char *name, char **data, size_t *size)
{
    const char *text = json_string_value(json_object_get(message, name));
    ssize_t n;

    *data = NULL;
    *size = 0;
    if (text == NULL)
        return 0;
    *data = strdup(text);
    if (*data == NULL)
        return UV_ENOMEM;
    n = decode(*data);
    if (n < 0)
        return UV_EPROTO;
    *size = (size_t)n;
    return 0;
}

/* Deleted, or what a server leaves in place of what was too old. */
static int
read_head(struct value *value, const json_t *message)
{
    gruvid_header_t fields[NATS_FIELDS];
    char *head;
    size_t size;
    int line, n = 0, err = take_bytes(message, "hdrs", &head, &size);

    if (err == 0 && size > 0)
        n = nats_head_parse(head, size, fields, &line);
    for (int i = 0; i < n; i++)
        if ((strcasecmp(fields[i].name, "KV-Operation") == 0 &&
             strcmp(fields[i].value, "PUT") != 0) ||
            strcasecmp(fields[i].name, "Nats-Marker-Reason") == 0)
            value->is_deleted = true;
    free(head);
    return err < 0 ? err : n < 0 ? UV_EPROTO : 0;
}

static int
read_message(struct value *value, const json_t *root)
{
    const json_t *message = json_object_get(root, "message");
    json_int_t seq = json_integer_value(json_object_get(message, "seq"));
    int err = take_bytes(message, "data", &value->data, &value->size);

    if (err < 0 || seq <= 0)
        return err < 0 ? err : UV_EPROTO;
    value->revision = (uint64_t)seq;
    return read_head(value, message);
}

static GRUVI_SWITCHPOINT int
ask_once(struct nats_node *node, const char *bucket, const char *subject,
         struct value *value)
{
    char to[MOST_BUCKET + 64], what[SUBJECT + 32];
    struct nats_refusal refusal;
    json_t *root;
    int err;

    snprintf(to, sizeof to, "$JS.API.STREAM.MSG.GET.KV_%s", bucket);
    snprintf(what, sizeof what, "{\"last_by_subj\":\"%s\"}", subject);
    err = nats_json_ask(node, to, NULL, what, strlen(what), &root, &refusal);
    value->is_absent = err == UV_EIO && refusal.code == NO_MESSAGE;
    if (value->is_absent)
        return 0;
    if (err == UV_EIO && refusal.code == NATS_NO_STREAM)
        return UV_ENOENT;
    if (err == UV_EIO)
        nats_json_tell(to, &refusal);
    if (err == 0)
        err = read_message(value, root);
    json_decref(root);
    return err;
}

/* UV_ENOENT: there is no bucket. */
static GRUVI_SWITCHPOINT int
get(struct nats_node *node, const char *bucket, const char *subject,
    struct value *value)
{
    double delay = 0;
    int err;

    *value = (struct value){.data = NULL};
    for (;;) {
        err = nats_session_is_open(node)
                  ? ask_once(node, bucket, subject, value)
                  : UV_ENOTCONN;
        if (!nats_store_may_again(err))
            break;
        err = nats_store_pause(&delay);
        if (err < 0)
            break;
    }
    if (err < 0) {
        free(value->data);
        value->data = NULL;
    }
    return err;
}

GRUVI_SWITCHPOINT int
nats_kv_get(gruvid_plugin_t *plugin, const char *bucket, const char *key,
            gruvid_bus_result_t *result)
{
    char subject[SUBJECT];
    gruvid_bus_content_t content = {.subject = NULL};
    struct value value;
    int err = make_subject(subject, bucket, key);

    if (err == 0)
        err = get(gruvid_hub_data(plugin), bucket, subject, &value);
    if (err < 0)
        return err;
    content.data = value.data;
    content.size = value.size;
    content.revision = value.revision;
    err = value.is_absent || value.is_deleted
              ? UV_ENOENT
              : gruvid_bus_fill(result, &content);
    free(value.data);
    return err;
}

/* --- changes -------------------------------------------------------------- */

/* The id makes another try of the same change harmless. */
static int
make_head(struct nats_buffer *head, const gruvid_kv_change_t *change,
          bool expects, uint64_t last)
{
    char id[NATS_ID], number[24];
    int err = nats_id_new(id);

    snprintf(number, sizeof number, "%llu", (unsigned long long)last);
    if (err == 0 &&
        !(nats_put_version(head) && nats_put_field(head, "Nats-Msg-Id", id) &&
          (change->how != GRUVID_KV_DELETE ||
           nats_put_field(head, "KV-Operation", "DEL")) &&
          (!expects ||
           nats_put_field(head, "Nats-Expected-Last-Subject-Sequence",
                          number)) &&
          nats_put_text(head, "\r\n")))
        err = UV_ENOMEM;
    return err;
}

/* Where nobody answers there may be no bucket, or its stream has no leader. */
static GRUVI_SWITCHPOINT int
look_for_bucket(struct nats_node *node, const char *bucket, const char *subject)
{
    struct value value = {.data = NULL};
    int err = ask_once(node, bucket, subject, &value);

    free(value.data);
    return nats_store_may_again(err) ? 0 : err;
}

static GRUVI_SWITCHPOINT int
store(struct nats_node *node, const gruvid_kv_change_t *change,
      const char *subject, const struct nats_buffer *head, uint64_t *revision)
{
    double delay = 0;
    int err;

    for (;;) {
        err = nats_store_once(node, subject, head, change->data, change->size,
                              revision);
        if (!nats_store_may_again(err))
            return err;
        err = look_for_bucket(node, change->bucket, subject);
        if (err == 0)
            err = nats_store_pause(&delay);
        if (err < 0)
            return err;
    }
}

static GRUVI_SWITCHPOINT int
store_after(struct nats_node *node, const gruvid_kv_change_t *change,
            const char *subject, bool expects, uint64_t last,
            uint64_t *revision)
{
    struct nats_buffer head = {NULL, 0, 0};
    int err = make_head(&head, change, expects, last);

    if (err == 0)
        err = nats_session_is_open(node)
                  ? store(node, change, subject, &head, revision)
                  : UV_ENOTCONN;
    nats_buffer_free(&head);
    return err;
}

/* There is a message: it may say that the value was deleted. */
static GRUVI_SWITCHPOINT int
create_after(struct nats_node *node, const gruvid_kv_change_t *change,
             const char *subject, uint64_t *revision)
{
    struct value value;
    int err = get(node, change->bucket, subject, &value);

    if (err < 0)
        return err;
    free(value.data);
    return value.is_deleted ? store_after(node, change, subject, true,
                                          value.revision, revision)
                            : UV_EBUSY;
}

GRUVI_SWITCHPOINT int
nats_kv_change(gruvid_plugin_t *plugin, const gruvid_kv_change_t *change,
               uint64_t *revision)
{
    struct nats_node *node = gruvid_hub_data(plugin);
    bool creates = change->how == GRUVID_KV_CREATE;
    char subject[SUBJECT];
    int err = make_subject(subject, change->bucket, change->key);

    if (err < 0)
        return err;
    err = store_after(node, change, subject,
                      creates || change->how == GRUVID_KV_UPDATE ||
                          change->last != 0,
                      change->last, revision);
    return creates && err == UV_EBUSY
               ? create_after(node, change, subject, revision)
               : err;
}
