/* SPDX-License-Identifier: MIT */
/*
 * Streams through a proxy that splits, holds back, puts together and cuts.
 *
 * Both ends send and receive the same amount at the same time.  What is not cut
 * arrives whole and in order, and ends; what is cut ends with an error at one
 * end at least, and until then nothing wrong has arrived.
 *
 * CHECK_SEED in the environment tries a certain seed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "unit/bad_network.h"
#include "support/random.h"

#define CONNECTIONS 12
#define LINE        1500 /* bytes at most, with its end */
#define FRAME       9000 /* without the header */
#define BULK        20000

enum { LINES, FRAMES, BULKS, WAYS };

/* Payload of a direction. */
static const size_t amounts[WAYS] = {20000, 60000, 200000};

/* What one direction carries, unit by unit; both its ends draw the same. */
struct script {
    unsigned short random[3];
    int way;
    size_t total, done;
    char unit[BULK]; /* the one that is next */
    size_t len;
};

struct crossing {
    int kind, way;
    long seed;
    char address[GRUVI_ADDRESS_SIZE];
    struct {
        bool begun, whole;
    } ends[CONNECTIONS][2];
};

struct end {
    struct crossing *crossing;
    gruvi_stream_t *stream;
    struct script out, in;
    char buf[BULK];
};

/* --- scripts ----------------------------------------------------------------
 */

static void
begin_script(struct script *s, const struct crossing *crossing, unsigned id,
             int side)
{
    s->random[0] = (unsigned short)crossing->seed;
    s->random[1] = (unsigned short)(crossing->seed >> 16);
    s->random[2] = (unsigned short)(2 * id + (unsigned)side);
    s->way = crossing->way;
    s->total = amounts[s->way];
    s->done = s->len = 0;
}

/* False at the end. */
static bool
next_unit(struct script *s)
{
    static const size_t most[WAYS] = {LINE, FRAME, BULK};
    size_t left = s->total - (s->done += s->len);
    size_t bound = most[s->way];
    char *end;

    if (left == 0)
        return false;
    if (nrand48(s->random) % 2 == 0)
        bound /= 50; /* there are many short ones */
    s->len = 1 + (size_t)nrand48(s->random) % bound;
    if (s->len > left)
        s->len = left;
    fill_pattern(s->unit, s->len, s->done + s->random[2]);
    if (s->way != LINES)
        return true;
    while ((end = memchr(s->unit, '\n', s->len)) != NULL)
        *end = '\0';
    s->unit[s->len - 1] = '\n';
    return true;
}

/* --- ends -------------------------------------------------------------------
 */

static int
send_unit(struct end *end)
{
    struct script *s = &end->out;
    uint32_t header = (uint32_t)s->len;
    uv_buf_t bufs[2] = {uv_buf_init((char *)&header, sizeof header),
                        uv_buf_init(s->unit, (unsigned)s->len)};

    if (s->way == FRAMES)
        return gruvi_stream_writev(end->stream, bufs, 2);
    return gruvi_stream_write(end->stream, s->unit, s->len);
}

static int
send_all(void *arg)
{
    struct end *end = arg;
    int err = 0;

    while (err == 0 && next_unit(&end->out))
        err = send_unit(end);
    return err == 0 ? gruvi_stream_shutdown(end->stream) : err;
}

/* As much as comes at once, in pieces of any length. */
static int
receive_bulk(struct end *end)
{
    struct script *s = &end->in;
    ssize_t n;

    for (size_t got = 0; got < s->len; got += (size_t)n) {
        size_t len = 1 + (size_t)rand() % (s->len - got);

        n = gruvi_stream_read(end->stream, end->buf + got, len);
        if (n <= 0)
            return n == 0 ? UV_EOF : (int)n;
    }
    return 0;
}

static int
receive_frame(struct end *end)
{
    uint32_t header;
    int err = gruvi_stream_read_exact(end->stream, &header, sizeof header);

    if (err < 0)
        return err;
    ck_assert_msg(header == end->in.len, "seed %ld: a header of %u, not %zu",
                  end->crossing->seed, header, end->in.len);
    return gruvi_stream_read_exact(end->stream, end->buf, header);
}

/* One that was cut short is shorter than it should be. */
static int
receive_line(struct end *end)
{
    struct script *s = &end->in;
    ssize_t n = gruvi_stream_read_line(end->stream, end->buf, LINE);

    if (n < 0)
        return (int)n;
    if (n == 0 || end->buf[n - 1] != '\n') {
        ck_assert_msg((size_t)n < s->len && !memcmp(end->buf, s->unit, n),
                      "seed %ld: a wrong part of a line", end->crossing->seed);
        return UV_EOF;
    }
    ck_assert_msg((size_t)n == s->len, "seed %ld: a line of %zd, not %zu",
                  end->crossing->seed, n, s->len);
    return 0;
}

static int
receive_all(struct end *end)
{
    static int (*const receive[])(struct end *) = {receive_line, receive_frame,
                                                   receive_bulk};
    struct script *s = &end->in;
    int err = 0;

    while (err == 0 && next_unit(s)) {
        err = receive[s->way](end);
        if (err == 0)
            ck_assert_msg(memcmp(end->buf, s->unit, s->len) == 0,
                          "seed %ld: wrong bytes from %zu on",
                          end->crossing->seed, s->done);
    }
    return err == 0 ? (int)gruvi_stream_read(end->stream, end->buf, 1) : err;
}

static bool
is_cut(int err)
{
    return err == UV_EOF || err == UV_ECONNRESET || err == UV_EPIPE;
}

/* Both directions at once. */
static void
cross(struct crossing *crossing, gruvi_stream_t *stream, unsigned id, int side)
{
    struct end *end = calloc(1, sizeof *end);
    gruvi_fiber_t *sender;
    int in, out;

    ck_assert_ptr_nonnull(end);
    end->crossing = crossing;
    end->stream = stream;
    begin_script(&end->out, crossing, id, side);
    begin_script(&end->in, crossing, id, !side);
    sender = spawn(send_all, end);
    in = receive_all(end);
    out = finish(sender);
    ck_assert_msg(in == 0 || is_cut(in), "seed %ld: received: %s",
                  crossing->seed, gruvi_err_name(in));
    /* Where all is cut before the end is said, there is nobody to say it to. */
    ck_assert_msg(out == 0 || is_cut(out) || out == UV_ENOTCONN,
                  "seed %ld: sent: %s", crossing->seed, gruvi_err_name(out));
    crossing->ends[id][side].whole = in == 0 && out == 0;
    free(end);
}

static int
serve(gruvi_stream_t *stream, void *arg)
{
    struct crossing *crossing = arg;
    uint32_t id;
    int err = gruvi_stream_read_exact(stream, &id, sizeof id);

    if (err < 0) {
        ck_assert_msg(is_cut(err), "seed %ld: hello: %s", crossing->seed,
                      gruvi_err_name(err));
        return 0;
    }
    ck_assert_uint_lt(id, CONNECTIONS);
    ck_assert(!crossing->ends[id][1].begun);
    crossing->ends[id][1].begun = true;
    cross(crossing, stream, id, 1);
    return 0;
}

static int
run_server(void *arg)
{
    void **args = arg;

    return gruvi_serve(args[0], serve, args[1], NULL);
}

struct client {
    struct crossing *crossing;
    uint32_t id;
};

static int
run_client(void *arg)
{
    struct client *client = arg;
    struct crossing *crossing = client->crossing;
    gruvi_stream_t *stream;
    int err;

    ck_assert_int_eq(gruvi_connect(&stream, crossing->address, NULL, 60), 0);
    err = gruvi_stream_write(stream, &client->id, sizeof client->id);
    ck_assert(err == 0 || is_cut(err));
    if (err == 0)
        cross(crossing, stream, client->id, 0);
    gruvi_stream_close(stream);
    return 0;
}

/* --- tests ------------------------------------------------------------------
 */

static int
count_whole(const struct crossing *crossing)
{
    int n, whole = 0;

    for (n = 0; n < CONNECTIONS; n++)
        whole += crossing->ends[n][0].whole && crossing->ends[n][1].whole;
    return whole;
}

/* Whoever lost its client is done soon, too. */
static void
run_clients(struct crossing *crossing, gruvi_hub_t *hub)
{
    struct client clients[CONNECTIONS];
    gruvi_fiber_t *fibers[CONNECTIONS];

    for (uint32_t n = 0; n < CONNECTIONS; n++) {
        clients[n] = (struct client){crossing, n};
        fibers[n] = spawn(run_client, &clients[n]);
    }
    for (int n = 0; n < CONNECTIONS; n++)
        ck_assert_int_eq(finish(fibers[n]), 0);
    wait_until(fibers_of(hub) == 1); /* who serves */
}

/* i: a kind of address, and a way to send */
static void
try_crossing(gruvi_hub_t *hub, int i, bool cuts)
{
    struct crossing *crossing = calloc(1, sizeof *crossing);
    char target[GRUVI_ADDRESS_SIZE];
    struct bad_network_count count;
    gruvi_listener_t *listener;
    struct bad_network *proxy;
    gruvi_fiber_t *server;

    ck_assert_ptr_nonnull(crossing);
    crossing->kind = i % NET_KINDS;
    crossing->way = i / NET_KINDS;
    crossing->seed = random_seed();
    listener = net_listen(crossing->kind, target);
    proxy = bad_network_begin(crossing->kind, target, crossing->seed,
                              cuts ? 2 * amounts[crossing->way] : 0);
    strcpy(crossing->address, bad_network_address(proxy));
    server = spawn(run_server, (void *[]){listener, crossing});
    run_clients(crossing, hub);
    count = bad_network_end(proxy);
    ck_assert_int_eq(count.connections, CONNECTIONS);
    ck_assert_msg(count_whole(crossing) == CONNECTIONS - count.cuts,
                  "seed %ld: %d of %d were cut, and %d are whole",
                  crossing->seed, count.cuts, CONNECTIONS,
                  count_whole(crossing));
    gruvi_fiber_cancel(server, NULL);
    ck_assert_int_eq(finish(server), UV_ECANCELED);
    gruvi_listener_close(listener);
    free(crossing);
}

HUB_TEST(test_what_is_split_and_delayed_arrives_whole)
{
    try_crossing(hub, i, false);
}

HUB_TEST(test_what_is_cut_ends_with_an_error)
{
    try_crossing(hub, i, true);
}

int
main(void)
{
    Suite *suite = suite_create("bad_network");
    TCase *tc = tcase_create("bad_network");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_what_is_split_and_delayed_arrives_whole, 0,
                        NET_KINDS * WAYS);
    tcase_add_loop_test(tc, test_what_is_cut_ends_with_an_error, 0,
                        NET_KINDS * WAYS);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
