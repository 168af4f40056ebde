/* SPDX-License-Identifier: MIT */
#include "http/client.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- gruvid --------------------------------------------------------------- */

static const char *
build_dir(void)
{
    const char *dir = getenv("top_builddir");

    return dir != NULL ? dir : ".";
}

/* A folder with the plugins of several. */
static void
link_plugin(const char *dir, const char *from)
{
    const char *name = strrchr(from, '/') + 1;
    char *target, *path;

    ck_assert_int_gt(asprintf(&target, "%s/%s", build_dir(), from), 0);
    ck_assert_int_gt(asprintf(&path, "%s/%s", dir, name), 0);
    /* Another test may do so at the same time. */
    if (symlink(target, path) < 0)
        ck_assert_int_eq(errno, EEXIST);
    free(target);
    free(path);
}

const char *
http_plugin_dir(void)
{
    static char dir[4096];

    snprintf(dir, sizeof dir, "%s/tests/http/plugins/.libs", build_dir());
    link_plugin(dir, "plugins/.libs/http.so");
    link_plugin(dir, "plugins/.libs/metrics.so");
    return dir;
}

bool
http_has(const char *plugin)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", build_dir(), plugin);
    return access(path, F_OK) == 0;
}

void
http_bring(const char *plugin)
{
    link_plugin(http_plugin_dir(), plugin);
}

struct gruvid *
http_begin_with(const char *options, const char *sections)
{
    char option[4200], config[4096];
    const char *args[] = {"-o", option, NULL};
    struct gruvid_options begin = {.args = args};

    snprintf(option, sizeof option, "gruvid.plugin_dir=%s", http_plugin_dir());
    snprintf(config, sizeof config,
             "[gruvid]\n%s"
             "[plugin http]\nlisten = tcp://127.0.0.1:0\n"
             "route = / -> mirror\nroute = /{path...} -> mirror\n%s"
             "[plugin mirror]\n",
             sections, options);
    return gruvid_ready(config, &begin);
}

struct gruvid *
http_begin(const char *options)
{
    return http_begin_with(options, "drain_timeout = 1000s\n");
}

/* --- bytes ---------------------------------------------------------------- */

void
send_bytes(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return;
        ck_assert_int_gt(n, 0);
        data += n;
        size -= (size_t)n;
    }
}

/* A byte; -1 at the end. */
static int
read_byte(int fd)
{
    unsigned char byte;
    ssize_t n = recv(fd, &byte, 1, 0);

    if (n < 0 && errno == ECONNRESET)
        return -1;
    ck_assert_msg(n >= 0, "there is no byte: %s", strerror(errno));
    return n == 0 ? -1 : byte;
}

static void
grow(char **text, size_t *size, const char *data, size_t more)
{
    size_t need = *size + more + 1;

    /* By half more: AddressSanitizer copies all of it each time. */
    if (malloc_usable_size(*text) < need) {
        *text = realloc(*text, need + need / 2);
        ck_assert_ptr_nonnull(*text);
    }
    memcpy(*text + *size, data, more);
    *size += more;
    (*text)[*size] = '\0';
}

/* A line with its end; false at the end of the connection. */
static bool
read_head_line(int fd, char **text, size_t *size)
{
    int byte;

    do {
        char c;
        byte = read_byte(fd);
        if (byte < 0)
            return false;
        c = (char)byte;
        grow(text, size, &c, 1);
    } while (byte != '\n');
    return true;
}

static void
read_exactly(int fd, struct answer *answer, size_t size)
{
    char buf[65536];

    while (size > 0) {
        size_t part = size < sizeof buf ? size : sizeof buf;
        ssize_t n = recv(fd, buf, part, 0);
        ck_assert_msg(n > 0, "a body that ends too early");
        grow(&answer->body, &answer->size, buf, (size_t)n);
        size -= (size_t)n;
    }
}

/* --- answers -------------------------------------------------------------- */

const char *
answer_header(const struct answer *answer, const char *name)
{
    static char value[4096];
    size_t length = strlen(name);

    for (const char *line = answer->head; line != NULL && *line != '\0';
         line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            const char *begin = line + length + 2;
            snprintf(value, sizeof value, "%.*s", (int)strcspn(begin, "\r"),
                     begin);
            return value;
        }
    }
    return NULL;
}

static bool
read_head(int fd, struct answer *answer)
{
    size_t size = 0, line = 0;

    free(answer->head);
    answer->head = NULL;
    do {
        line = size;
        if (!read_head_line(fd, &answer->head, &size)) {
            ck_assert_msg(size == 0, "half a head: %s", answer->head);
            return false;
        }
    } while (size - line > 2);
    ck_assert_msg(sscanf(answer->head, "HTTP/1.1 %d ", &answer->status) == 1,
                  "no status line: %s", answer->head);
    return true;
}

static void
read_chunks(int fd, struct answer *answer)
{
    size_t size;

    do {
        char *line = NULL;
        size_t length = 0;
        struct answer end = {0};
        ck_assert(read_head_line(fd, &line, &length));
        size = strtoul(line, NULL, 16);
        free(line);
        read_exactly(fd, answer, size);
        read_exactly(fd, &end, 2);
        ck_assert_str_eq(end.body, "\r\n");
        free(end.body);
    } while (size > 0);
}

static void
read_to_end(int fd, struct answer *answer)
{
    char data[4096];
    ssize_t n;

    while ((n = recv(fd, data, sizeof data, 0)) > 0)
        grow(&answer->body, &answer->size, data, (size_t)n);
    ck_assert_msg(n == 0 || errno == ECONNRESET, "%s", strerror(errno));
}

bool
answer_read(int fd, bool head, struct answer *answer)
{
    const char *length, *coding;

    memset(answer, 0, sizeof *answer);
    for (;;) {
        if (!read_head(fd, answer))
            return false;
        if (answer->status == 101 || answer->status >= 200)
            break;
        answer->interim++;
    }
    grow(&answer->body, &answer->size, "", 0);
    if (head || answer->status == 101 || answer->status == 204 ||
        answer->status == 304)
        return true;
    coding = answer_header(answer, "Transfer-Encoding");
    if (coding != NULL) {
        ck_assert_str_eq(coding, "chunked");
        read_chunks(fd, answer);
        return true;
    }
    length = answer_header(answer, "Content-Length");
    if (length != NULL)
        read_exactly(fd, answer, strtoul(length, NULL, 10));
    else
        read_to_end(fd, answer);
    return true;
}

void
answer_free(struct answer *answer)
{
    free(answer->head);
    free(answer->body);
}

void
answers(int fd, int status, const char *body)
{
    struct answer answer;

    ck_assert_msg(answer_read(fd, false, &answer), "there is no answer");
    ck_assert_int_eq(answer.status, status);
    if (body != NULL)
        ck_assert_str_eq(answer.body, body);
    answer_free(&answer);
}

void
ask(int fd, const char *request, int status, const char *body)
{
    send_bytes(fd, request, strlen(request));
    answers(fd, status, body);
}

void
ends_in_order(int fd)
{
    ck_assert_msg(!expect_end(fd), "the connection was reset");
    close(fd);
}

double
http_metric(struct gruvid *g, const char *sample)
{
    struct answer answer;
    size_t n = strlen(sample);
    int fd = connect_to(g, 0);
    const char *at;
    double value;

    send_text(fd, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    ck_assert(answer_read(fd, false, &answer));
    ck_assert_int_eq(answer.status, 200);
    for (at = answer.body; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, sample, n) == 0 && at[n] == ' ')
            break;
    }
    ck_assert_msg(at != NULL, "there is no %s", sample);
    value = strtod(at + n, NULL);
    answer_free(&answer);
    close(fd);
    return value;
}
