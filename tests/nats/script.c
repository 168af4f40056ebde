/* SPDX-License-Identifier: MIT */
#include "nats/script.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "daemon/run_gruvid.h"

struct script *
script_begin(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct script *script = calloc(1, sizeof *script);
    int on = 1;

    ck_assert_ptr_nonnull(script);
    script->fd = -1;
    script->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(script->listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ck_assert_int_eq(bind(script->listening, (struct sockaddr *)&at, sizeof at),
                     0);
    ck_assert_int_eq(listen(script->listening, 8), 0);
    return script;
}

void
script_end(struct script *script)
{
    close(script->fd);
    close(script->listening);
    free(script);
}

void
script_next(struct script *script)
{
    struct timeval patience = {.tv_sec = PATIENCE};

    if (script->fd >= 0)
        close(script->fd);
    script->fd = accept(script->listening, NULL, NULL);
    ck_assert_int_ge(script->fd, 0);
    setsockopt(script->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void
script_log_in(struct script *script)
{
    script_next(script);
    script_send(script, "INFO {\"headers\":true,\"max_payload\":1048576}\r\n");
    ck_assert_int_eq(strncmp(script_line(script), "CONNECT {", 9), 0);
    ck_assert_str_eq(script_line(script), "PING\r\n");
    script_send(script, "PONG\r\n");
}

const char *
script_line(struct script *script)
{
    size_t n = 0;

    do {
        ck_assert_uint_lt(n, sizeof script->line - 1);
        ck_assert_int_eq(recv(script->fd, script->line + n, 1, 0), 1);
    } while (script->line[n++] != '\n');
    script->line[n] = '\0';
    return script->line;
}

void
script_send(struct script *script, const char *text)
{
    send_text(script->fd, text);
}
