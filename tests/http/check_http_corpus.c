/* SPDX-License-Identifier: MIT */
/* All of the corpus over sockets: in one piece, in two pieces, several on a
 * connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/client.h"
#include "http/corpus.h"
#include "support/random.h"

#define PLAIN        "GET /plain HTTP/1.1\r\nHost: p\r\n\r\n"
#define PLAIN_ANSWER "GET /plain p\n"

static struct request_case *corpus;

/* --- what has to come of it ----------------------------------------------- */

static void
is_refused(const struct request_case *c, int fd)
{
    struct answer answer;
    bool head = strncmp(c->sent.data, "HEAD ", 5) == 0;

    ck_assert_msg(answer_read(fd, head, &answer), "%s: no answer", c->name);
    if (answer.status != c->refusal)
        ck_abort_msg("%s: %d, not %d", c->name, answer.status, c->refusal);
    ck_assert_str_eq(answer_header(&answer, "Connection"), "close");
    answer_free(&answer);
}

static void
is_mirrored(const struct request_case *c, const struct answer *answer)
{
    char head[9000];
    size_t size;

    snprintf(head, sizeof head, "%s %s ", c->method, c->target);
    size = strlen(head);
    if (answer->size < size || memcmp(answer->body, head, size) != 0)
        ck_abort_msg("%s: %.200s", c->name, answer->body);
    if (answer->size < c->body.size ||
        memcmp(answer->body + answer->size - c->body.size, c->body.data,
               c->body.size) != 0)
        ck_abort_msg("%s: another body", c->name);
}

static void
is_accepted(const struct request_case *c, int fd)
{
    bool head = strcmp(c->method, "HEAD") == 0;
    struct answer answer;

    ck_assert_msg(answer_read(fd, head, &answer), "%s: no answer", c->name);
    if (answer.status != c->answer)
        ck_abort_msg("%s: %d, not %d", c->name, answer.status, c->answer);
    if (c->answer == 200 && !head)
        is_mirrored(c, &answer);
    answer_free(&answer);
}

static void
is_expected(const struct request_case *c, int fd)
{
    struct answer answer;

    if (c->refusal > 0) {
        is_refused(c, fd);
        ends_in_order(fd);
    } else if (c->more) {
        shutdown(fd, SHUT_WR);
        if (answer_read(fd, false, &answer))
            ck_assert_int_eq(answer.status / 100, 4);
        answer_free(&answer);
        close(fd);
    } else {
        is_accepted(c, fd);
        if (c->close)
            ends_in_order(fd);
        else
            close(fd);
    }
}

START_TEST(test_in_one_piece)
{
    struct gruvid *g = http_begin("");

    for (const struct request_case *c = corpus; c != NULL; c = c->next) {
        int fd = connect_to(g, 0);
        send_bytes(fd, c->sent.data, c->sent.size);
        is_expected(c, fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    ck_assert_uint_eq(gruvid_said(g, " error "), 0);
}
END_TEST

/* The second piece is sent at once: whether the server reads it with the first
 * is a matter of luck. */
START_TEST(test_in_two_pieces)
{
    struct gruvid *g = http_begin("");
    uint64_t state = random_begin(random_seed(), 0);

    for (const struct request_case *c = corpus; c != NULL; c = c->next) {
        size_t at = chance(&state, (unsigned)c->sent.size);
        int fd = connect_to(g, 0);
        send_bytes(fd, c->sent.data, at);
        send_bytes(fd, c->sent.data + at, c->sent.size - at);
        is_expected(c, fd);
    }
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* Those that are accepted, one behind the other, and each followed by another
 * request in the same piece. */
START_TEST(test_pipelined)
{
    struct gruvid *g = http_begin("");
    int fd = connect_to(g, 0);

    for (const struct request_case *c = corpus; c != NULL; c = c->next) {
        char *both;
        if (c->method == NULL || c->close || c->answer == 400)
            continue;
        both = malloc(c->sent.size + strlen(PLAIN));
        memcpy(both, c->sent.data, c->sent.size);
        memcpy(both + c->sent.size, PLAIN, strlen(PLAIN));
        send_bytes(fd, both, c->sent.size + strlen(PLAIN));
        is_accepted(c, fd);
        answers(fd, 200, PLAIN_ANSWER);
        free(both);
    }
    close(fd);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("http_corpus");
    TCase *tc = gruvid_case(suite, "corpus");
    int status;

    corpus = corpus_read();
    tcase_add_test(tc, test_in_one_piece);
    tcase_add_test(tc, test_in_two_pieces);
    tcase_add_test(tc, test_pipelined);
    status = run_suite(suite);
    corpus_free(corpus);
    return status;
}
