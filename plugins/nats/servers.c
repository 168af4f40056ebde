/* SPDX-License-Identifier: MIT */
/*
 * A server names others, which need a certificate.  Named by a name, a server
 * needs a certificate of that name.  Named by a number, as is usual, it needs
 * the name of the server in the section that has led to it.
 *
 * INFO comes in clear.  So an attacker on the way could name a server of their
 * own, with a good certificate of any authority that the system trusts, and get
 * the login.  Therefore a name counts only where INFO has come through TLS, or
 * where the section says which authorities count.
 */
#include "servers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "protocol.h"

#define PORT "4222"

/* The most bytes of a payload that are believed: the server's own limit. */
#define MOST (64 << 20)

/* --- addresses ------------------------------------------------------------ */

static bool
is_port(const char *text)
{
    int port = 0;

    if (*text == '\0' || strlen(text) > 5)
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        port = port * 10 + *text - '0';
    }
    return port > 0 && port < 65536;
}

static bool
is_host(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char letter = (char)(text[i] | 0x20);

        if ((letter < 'a' || letter > 'z') &&
            (text[i] < '0' || text[i] > '9') && text[i] != '-' &&
            text[i] != '.' && text[i] != '_')
            return false;
    }
    return size > 0;
}

/* IPv6, with its brackets. */
static bool
is_number(const char *text, size_t size)
{
    return size > 2 && strspn(text + 1, "0123456789abcdefABCDEF:.") == size - 2;
}

/* Split "HOST[:PORT]": the bytes of the host; 0: it is none. */
static size_t
split(const char *text, const char **port)
{
    const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
    size_t size = end == NULL ? strlen(text) : (size_t)(end - text);

    if (*text == '[') {
        if (end == NULL)
            return 0;
        size++;
        end++;
    }
    *port = end == NULL || *end == '\0' ? PORT : *end == ':' ? end + 1 : "";
    if (!is_port(*port))
        return 0;
    return (*text == '[' ? is_number(text, size) : is_host(text, size)) ? size
                                                                        : 0;
}

/* The host of an address, without brackets. */
static void
host_of(const char *address, char *host, size_t size)
{
    const char *port;
    size_t length;

    address += sizeof "tcp://" - 1;
    length = split(address, &port);
    if (*address == '[') {
        address++;
        length -= 2;
    }
    snprintf(host, size, "%.*s", (int)length, address);
}

static bool
is_name(const char *host)
{
    struct in_addr number;

    return strchr(host, ':') == NULL && inet_pton(AF_INET, host, &number) == 0;
}

/* false: it is no address; a server that is there already is not added again.
 */
static bool
add(struct nats_servers *servers, const char *text)
{
    const char *port;
    size_t size = split(text, &port);
    char *at;

    if (size == 0 || size > NATS_ADDRESS - 16)
        return false;
    if (servers->n == NATS_SERVERS)
        return true;
    at = servers->at[servers->n];
    snprintf(at, NATS_ADDRESS, "%s://%.*s:%s", servers->tls ? "tls" : "tcp",
             (int)size, text, port);
    for (size_t i = 0; i < servers->n; i++)
        if (strcmp(servers->at[i], at) == 0)
            return true;
    servers->of[servers->n] = (unsigned char)servers->n;
    servers->own_name[servers->n] = true;
    servers->n++;
    return true;
}

/* A server that the server of the connection has named. */
static void
add_named(struct nats_servers *servers, const char *text)
{
    size_t n = servers->n;
    char host[NATS_ADDRESS];

    if (!add(servers, text) || servers->n == n)
        return;
    host_of(servers->at[n], host, sizeof host);
    servers->of[n] = (unsigned char)servers->led;
    servers->own_name[n] = servers->believed && is_name(host);
}

const char *
nats_servers_add(struct nats_servers *servers, const char *url)
{
    bool tls = strncmp(url, "tls://", 6) == 0;

    if (!tls && strncmp(url, "nats://", 7) != 0)
        return "does not begin with nats:// or tls://";
    if (strchr(url, '@') != NULL)
        return "has a user in it: that is for the options user, password and "
               "token";
    return add(servers, strstr(url, "://") + 3)
               ? NULL
               : "is not nats://HOST:PORT or tls://HOST:PORT";
}

void
nats_servers_turn(struct nats_servers *servers, struct nats_turn *turn,
                  bool believed)
{
    size_t i = servers->next % servers->n;
    const char *at = servers->at[i];

    servers->next = (i + 1) % servers->n;
    servers->led = servers->of[i];
    servers->believed = believed;
    memcpy(turn->shown, at, sizeof turn->shown);
    snprintf(turn->address, sizeof turn->address, "tcp%s", at + 3);
    host_of(servers->own_name[i] ? at : servers->at[servers->led], turn->name,
            sizeof turn->name);
}

bool
nats_servers_differ(const struct nats_servers *a, const struct nats_servers *b)
{
    if (a->n_own != b->n_own)
        return true;
    for (size_t i = 0; i < a->n_own; i++)
        if (strcmp(a->at[i], b->at[i]) != 0)
            return true;
    return false;
}

/* --- INFO ----------------------------------------------------------------- */

static void
read_text(char *to, size_t size, const json_t *all, const char *name)
{
    const char *text = json_string_value(json_object_get(all, name));

    if (text != NULL)
        nats_quote(to, size, text, strlen(text));
}

/* A server that is to stop names the others, and nobody where there are none.
 */
static void
read_servers(struct nats_servers *servers, const json_t *urls, bool is_lame)
{
    size_t i;
    json_t *url;

    if (servers->led >= servers->n_own)
        return;
    if (json_is_array(urls) || is_lame)
        servers->n = servers->n_own;
    json_array_foreach(urls, i, url) if (json_is_string(url))
        add_named(servers, json_string_value(url));
}

static bool
is_true(const json_t *all, const char *name, bool before)
{
    const json_t *value = json_object_get(all, name);

    return value == NULL ? before : json_is_true(value);
}

bool
nats_info_read(struct nats_info *info, struct nats_servers *servers,
               const char *text, size_t size)
{
    json_error_t problem;
    json_t *all = nats_json_load(text, size, NATS_JSON_LEVELS, &problem);
    const json_t *most = json_object_get(all, "max_payload");
    json_int_t payload = json_integer_value(most);
    bool ok = json_is_object(all) &&
              (most == NULL || (json_is_integer(most) && payload > 0));

    if (ok && most != NULL)
        info->max_payload = payload < MOST ? (size_t)payload : MOST;
    if (ok) {
        read_text(info->name, sizeof info->name, all, "server_name");
        read_text(info->version, sizeof info->version, all, "version");
        info->headers = is_true(all, "headers", info->headers);
        info->wants_tls = is_true(all, "tls_required", info->wants_tls);
        info->has_tls = is_true(all, "tls_available", info->has_tls);
        info->is_lame = is_true(all, "ldm", info->is_lame);
        read_text(info->nonce, sizeof info->nonce, all, "nonce");
        read_servers(servers, json_object_get(all, "connect_urls"),
                     info->is_lame);
    }
    json_decref(all);
    return ok;
}
