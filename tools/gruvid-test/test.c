/* SPDX-License-Identifier: MIT */
/*
 * libgruvid-test: what a test calls in a run, to play the clients.
 *
 * A fiber of the test whose expectation fails ends where it is.
 */
#include "gruvid-test/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/testing.h"
#include "gruvid-test/drive.h"
#include "gruvid-test/expect.h"
#include "gruvid-test/host.h"
#include "gruvid-test/life.h"
#include "gruvid-test/opened.h"
#include "gruvid-test/words.h"

/* The macros that say where a call is. */
#undef gruvid_test_connect
#undef gruvid_test_send
#undef gruvid_test_expect
#undef gruvid_test_expect_bytes
#undef gruvid_test_expect_until
#undef gruvid_test_expect_end
#undef gruvid_test_expect_quiet
#undef gruvid_test_reset
#undef gruvid_test_cancel
#undef gruvid_test_request
#undef gruvid_test_open
#undef gruvid_test_head
#undef gruvid_test_reload
#undef gruvid_test_expect_refusal
#undef gruvid_test_expect_log
#undef gruvid_test_fail

/* --- what is wrong -------------------------------------------------------- */

static bool playing;

bool
is_playing(void)
{
    return playing;
}

void
begin_test(void)
{
    playing = true;
    gruvid__test_at("the test", 1);
}

void
gruvid__test_at(const char *file, int line)
{
    if (!playing)
        return;
    snprintf(shared->path, sizeof shared->path, "%s", file);
    shared->line = (unsigned)line;
}

_Noreturn static void
give_up(void)
{
    cut_short();
    gruvi__fiber_quit(0);
}

_Noreturn static void __attribute__((format(printf, 1, 2)))
spoilt(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    spoil(format, args);
    va_end(args);
    give_up();
}

void
gruvid__test_failed(const char *text)
{
    if (playing)
        spoilt("%s", text);
}

void
gruvid_test_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (!playing) {
        vfprintf(stderr, format, args);
        fputs(": gruvid_test_fail() outside of a run\n", stderr);
        abort();
    }
    spoil(format, args);
    va_end(args);
    give_up();
}

/* --- connections ---------------------------------------------------------- */

/* By descriptor of the client's end, with its inode: the test may have closed
 * it. */
#define MOST 1024

static struct {
    struct client client;
    ino_t inode;   /* 0: there is none */
    char name[20]; /* "client 1" */
} connections[MOST];

static ino_t
inode_of(int fd)
{
    struct stat status;

    return fstat(fd, &status) < 0 || !S_ISSOCK(status.st_mode) ? 0
                                                               : status.st_ino;
}

static gruvi_stream_t *
keep(struct client *client)
{
    static unsigned number;
    int fd = gruvi_stream_fd(client->stream);
    gruvi_stream_t *stream = client->stream;

    number++;
    if (fd < 0 || fd >= MOST) {
        client_forget(client);
        return stream;
    }
    client_forget(&connections[fd].client); /* which had this number before */
    connections[fd].client = *client;
    connections[fd].inode = inode_of(fd);
    snprintf(connections[fd].name, sizeof connections[fd].name, "client %u",
             number);
    return stream;
}

GRUVI_SWITCHPOINT gruvi_stream_t *
gruvid_test_connect(void)
{
    struct client client;
    int err = client_connect(&client);

    if (err < 0)
        spoilt("connect: %s", gruvi_strerror(err));
    return keep(&client);
}

GRUVI_SWITCHPOINT gruvi_stream_t *
gruvid_test_open(const gruvid_call_t *call)
{
    struct client client;
    int err = client_open(&client, call);

    if (err < 0)
        spoilt("open %s: %s", call->path == NULL ? "/" : call->path,
               gruvi_strerror(err));
    return keep(&client);
}

/* What is known of a stream's connection; NULL: it is another's. */
static const struct client *
client_of(gruvi_stream_t *stream)
{
    int fd = gruvi_stream_fd(stream);

    return fd >= 0 && fd < MOST && connections[fd].inode != 0 &&
                   connections[fd].client.stream == stream
               ? &connections[fd].client
               : NULL;
}

static const char *
name_of(gruvi_stream_t *stream)
{
    return client_of(stream) == NULL
               ? "the stream"
               : connections[gruvi_stream_fd(stream)].name;
}

/* One that has ended early has not closed its connections. */
void
end_test(void)
{
    for (int fd = 0; fd < MOST; fd++)
        if (connections[fd].inode != 0 && connections[fd].inode == inode_of(fd))
            shutdown(fd, SHUT_RDWR);
}

static void
see(const char *wrong)
{
    if (wrong != NULL)
        spoilt("%s", wrong);
}

GRUVI_SWITCHPOINT void
gruvid_test_send(gruvi_stream_t *client, const char *text)
{
    see(do_send(client, name_of(client), text, strlen(text)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect(gruvi_stream_t *client, const char *text)
{
    see(expect_bytes(client, name_of(client), text, strlen(text)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_bytes(gruvi_stream_t *client, const void *data, size_t size)
{
    see(expect_bytes(client, name_of(client), data, size));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_until(gruvi_stream_t *client, const char *text)
{
    see(expect_until(client, name_of(client), text, strlen(text)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_end(gruvi_stream_t *client)
{
    see(expect_end(client, name_of(client)));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_quiet(gruvi_stream_t *client, double seconds)
{
    see(expect_quiet(client, name_of(client), seconds));
}

void
gruvid_test_reset(gruvi_stream_t *client)
{
    const struct client *known = client_of(client);

    if (known != NULL)
        client_reset(known);
    gruvi_stream_close(client);
}

void
gruvid_test_cancel(gruvi_stream_t *client)
{
    const struct client *known = client_of(client);

    if (known == NULL || !client_cancel(known))
        spoilt("no fiber serves %s", name_of(client));
}

/* --- requests, and gruvid ------------------------------------------------- */

GRUVI_SWITCHPOINT gruvid_answer_t *
gruvid_test_head(gruvi_stream_t *client)
{
    const struct client *known = client_of(client);
    gruvid_answer_t *head;
    int err;

    if (known == NULL || known->opened == NULL)
        spoilt("%s is no request that is open", name_of(client));
    err = opened_head(known->opened, &head);
    if (err < 0)
        spoilt("the reply to %s has no head: %s", name_of(client),
               gruvi_strerror(err));
    return head;
}

GRUVI_SWITCHPOINT gruvid_answer_t *
gruvid_test_request(const gruvid_call_t *call)
{
    gruvid_answer_t *answer;
    int err = drive_request(call, &answer);

    if (err < 0)
        spoilt("request %s: %s", call->path == NULL ? "/" : call->path,
               gruvi_strerror(err));
    return answer;
}

GRUVI_SWITCHPOINT void
gruvid_test_reload(const char *setting)
{
    char why[300];
    int err = drive_reload(setting, why, sizeof why);

    if (err < 0)
        spoilt("reload: %s", why[0] != '\0' ? why : gruvi_strerror(err));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_refusal(const char *setting, const char *text)
{
    char why[300];
    int err = drive_reload(setting, why, sizeof why);

    if (err == 0)
        spoilt("expected that %s is refused, and it is not", setting);
    if (strstr(why, text) == NULL)
        spoilt("expected that %s is refused by %s, but: %s", setting,
               shown(text, strlen(text)),
               why[0] != '\0' ? why : gruvi_strerror(err));
}

GRUVI_SWITCHPOINT void
gruvid_test_expect_log(const char *text)
{
    if (!drive_expect_log(text))
        spoilt("expected a line of the log with %s", shown(text, strlen(text)));
}

void
gruvid_test_stop(void)
{
    ask_to_stop();
}

void
gruvid_test_within(double seconds)
{
    set_patience(seconds);
}
