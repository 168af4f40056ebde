/* SPDX-License-Identifier: MIT */
/*
 * Sockets are opened here and inherited by gruvid ("fd:5"): whether a port is
 * free is known only by taking it, and a gruvid that has crashed gets the same
 * sockets again.
 *
 * The configuration is read only for its addresses.  gruvid itself says what is
 * wrong with it.
 */
#include "gruvid-plugin/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gruvid-plugin/plugin_tool.h"

#define BACKLOG 128

/* --- sockets -------------------------------------------------------------- */

static int
open_socket(const struct addrinfo *address, int *err)
{
    int one = 1, fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
            listen(fd, BACKLOG) == 0)
            return fd;
    }
    *err = errno;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int
port_of(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    char port[16];

    if (getsockname(fd, (struct sockaddr *)&name, &size) < 0 ||
        getnameinfo((struct sockaddr *)&name, size, NULL, 0, port, sizeof port,
                    NI_NUMERICSERV) != 0)
        return 0;
    return atoi(port);
}

/* Returns -1 with *err: 0 where the host is no number, and left to gruvid. */
static int
try_port(const char *host, int port, int *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *address;
    char service[16];
    int fd;

    *err = 0;
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &address) != 0)
        return -1;
    fd = open_socket(address, err);
    freeaddrinfo(address);
    return fd;
}

/* Cut "tcp://HOST:PORT"; false: something else. */
static bool
cut_value(struct endpoint *endpoint)
{
    const char *at = endpoint->value + 6,
               *colon = strrchr(endpoint->value, ':');
    size_t length;

    if (strncmp(endpoint->value, "tcp://", 6) != 0 &&
        strncmp(endpoint->value, "tls://", 6) != 0)
        return false;
    if (colon < at || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    length = (size_t)(colon - at);
    if (*at == '[' && length > 1 && colon[-1] == ']') {
        at++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof endpoint->host)
        return false;
    snprintf(endpoint->host, sizeof endpoint->host, "%.*s", (int)length, at);
    endpoint->wanted = atoi(colon + 1);
    return endpoint->wanted <= 65535;
}

static bool
open_endpoint(struct endpoint *endpoint, bool any_port)
{
    int err;

    endpoint->fd = -1;
    if (!cut_value(endpoint))
        return true;
    endpoint->fd =
        try_port(endpoint->host, any_port ? 0 : endpoint->wanted, &err);
    if (endpoint->fd < 0 && err == EADDRINUSE)
        endpoint->fd = try_port(endpoint->host, 0, &err);
    if (endpoint->fd < 0 && err == 0)
        return true; /* a name */
    if (endpoint->fd < 0) {
        complain("%s: %s", endpoint->value, strerror(err));
        return false;
    }
    endpoint->port = port_of(endpoint->fd);
    if (strcmp(endpoint->host, "0.0.0.0") == 0)
        strcpy(endpoint->host, "127.0.0.1");
    if (strcmp(endpoint->host, "::") == 0)
        strcpy(endpoint->host, "::1");
    return true;
}

/* --- the file ------------------------------------------------------------- */

static char *
trim(char *text)
{
    size_t n;

    text += strspn(text, " \t");
    n = strcspn(text, "\r\n");
    while (n > 0 && strchr(" \t", text[n - 1]) != NULL)
        n--;
    text[n] = '\0';
    return text;
}

/* The value of "listen = VALUE", without quotes and comment; NULL: another. */
static char *
listen_value(char *line)
{
    char *equals = strchr(line, '='), *value, *end;

    if (equals == NULL)
        return NULL;
    *equals = '\0';
    if (strcmp(trim(line), "listen") != 0)
        return NULL;
    value = trim(equals + 1);
    for (end = value; *end != '\0'; end++)
        if ((*end == ';' || *end == '#') && end > value &&
            strchr(" \t", end[-1]) != NULL)
            *end-- = '\0';
    value = trim(value);
    end = value + strlen(value);
    if (end - value >= 2 && *value == '"' && end[-1] == '"') {
        end[-1] = '\0';
        value++;
    }
    return *value != '\0' ? value : NULL;
}

static bool
read_line(struct endpoints *endpoints, char *section, size_t size, char *line,
          bool any_port)
{
    struct endpoint *endpoint = &endpoints->items[endpoints->n];
    char *value;

    line = trim(line);
    if (*line == '[') {
        snprintf(section, size, "%.*s", (int)strcspn(line + 1, "]"), line + 1);
        return true;
    }
    value = listen_value(line);
    if (value == NULL || strncmp(section, "plugin ", 7) != 0 ||
        strlen(value) >= sizeof endpoint->value)
        return true;
    if (endpoints->n == MOST_ENDPOINTS)
        return true;
    *endpoint = (struct endpoint){0};
    snprintf(endpoint->section, sizeof endpoint->section, "%s", section);
    snprintf(endpoint->value, sizeof endpoint->value, "%s", value);
    endpoints->n++;
    return open_endpoint(endpoint, any_port);
}

bool
endpoints_open(struct endpoints *endpoints, const char *file, bool any_port)
{
    char line[1024], section[48] = "";
    FILE *in = fopen(file, "re");
    bool good = true;

    endpoints->n = 0;
    if (in == NULL) {
        complain("%s: %s; begin in the folder of a plugin, or name another "
                 "configuration by -c",
                 file, strerror(errno));
        return false;
    }
    while (good && fgets(line, sizeof line, in) != NULL)
        good = read_line(endpoints, section, sizeof section, line, any_port);
    fclose(in);
    return good;
}

/* --- what they are for ---------------------------------------------------- */

const struct endpoint *
endpoints_main(const struct endpoints *endpoints, const char *plugin)
{
    const struct endpoint *first = NULL;

    for (int i = 0; i < endpoints->n; i++) {
        const struct endpoint *endpoint = &endpoints->items[i];

        if (endpoint->fd < 0)
            continue;
        if (strcmp(endpoint->section + strlen("plugin "), plugin) == 0)
            return endpoint;
        if (first == NULL)
            first = endpoint;
    }
    return first;
}

void
endpoint_option(const struct endpoint *endpoint, char *buf, int size)
{
    bool tls = strncmp(endpoint->value, "tls", 3) == 0;

    if (endpoint->fd >= 0)
        snprintf(buf, (size_t)size, "%s.listen=%sfd:%d", endpoint->section,
                 tls ? "tls+" : "", endpoint->fd);
    else
        snprintf(buf, (size_t)size, "%s.listen=\"%s\"", endpoint->section,
                 endpoint->value);
}

bool
endpoints_have(const struct endpoints *endpoints, const char *section)
{
    for (int i = 0; i < endpoints->n; i++)
        if (endpoints->items[i].fd >= 0 &&
            strcmp(endpoints->items[i].section, section) == 0)
            return true;
    return false;
}
