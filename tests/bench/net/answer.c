/* SPDX-License-Identifier: MIT */
/* How long the answer of a server is: all to one request have the same length,
 * for a date of HTTP has always the same. */
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/net/net.h"

/* The length of the body, from a head. */
static size_t
body_size(const char *head)
{
    static const char name[] = "\r\ncontent-length:";
    const char *at = head;

    bench_check(strncmp(head, "HTTP/1.1 200", 12) == 0, "a request");
    while ((at = strchr(at, '\r')) != NULL &&
           strncasecmp(at, name, sizeof name - 1) != 0)
        at++;
    bench_check(at != NULL, "Content-Length");
    return (size_t)strtoul(at + sizeof name - 1, NULL, 10);
}

size_t
answer_size(const char *request)
{
    size_t length = strlen(request), came = 0;
    char buf[65536], *end = NULL;
    int fd = load_connect();

    bench_check(send(fd, request, length, MSG_NOSIGNAL) == (ssize_t)length,
                "send");
    while (end == NULL) {
        ssize_t n = recv(fd, buf + came, sizeof buf - 1 - came, 0);

        bench_check(n > 0, "an answer");
        came += (size_t)n;
        buf[came] = '\0';
        end = strstr(buf, "\r\n\r\n");
    }
    close(fd);
    return (size_t)(end + 4 - buf) + body_size(buf);
}
