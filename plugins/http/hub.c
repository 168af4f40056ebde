/* SPDX-License-Identifier: MIT */
/*
 * All that wait for the same time wait in order, so only the first of each
 * queue has to be looked at.  The timer runs while there is somebody.
 *
 * Peers of handlers that take long are asked for by poll(2), many at a time.
 * gruvi_stream_watch_peer() would tell at once, and cost each request more than
 * all else here; most are over before anybody could have gone.
 */
#include "hub.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "h2_connection.h"
#include "held.h"
#include "work.h"

/* Milliseconds between two looks at the queues. */
#define PERIOD 250

/* Peers in a call of poll(). */
#define PEERS 64

/* How many to keep of what calls need. */
#define SPARE 64

/* --- silence -------------------------------------------------------------- */

static double
patience(const struct http_hub *hub, enum http_wait wait)
{
    switch (wait) {
    case HTTP_FRESH:
        return hub->settings.header_timeout;
    case HTTP_IDLE:
        return hub->settings.keepalive_timeout;
    default:
        return hub->settings.write_timeout;
    }
}

static void
leave(struct http_connection *connection)
{
    struct http_queue *queue = &connection->hub->queue[connection->waits];

    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        queue->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    else
        queue->last = connection->previous;
}

/* Nearly always at the end: connections that had to wait for a handshake come
 * late to their first wait. */
static void
enter(struct http_connection *connection)
{
    struct http_queue *queue = &connection->hub->queue[connection->waits];
    struct http_connection *before = queue->last;

    while (before != NULL && before->since > connection->since)
        before = before->previous;
    connection->previous = before;
    connection->next = before != NULL ? before->next : queue->first;
    if (before != NULL)
        before->next = connection;
    else
        queue->first = connection;
    if (connection->next != NULL)
        connection->next->previous = connection;
    else
        queue->last = connection;
}

/* The connection has waited for too long, unless bytes have moved. */
static void
expire(struct http_connection *connection)
{
    int fd = gruvi_stream_fd(connection->stream);
    uint64_t traffic = gruvi_stream_traffic(connection->stream);

    if (connection->waits == HTTP_WRITING && connection->traffic != traffic) {
        http_wait(connection, HTTP_WRITING);
        return;
    }
    connection->expired = true;
    /* A fiber that writes goes on by an error; one that is woken finds the end
     * of what it may read, and the client gets what was sent. */
    shutdown(fd, connection->waits == HTTP_WRITING ? SHUT_RDWR : SHUT_RD);
    http_wait(connection, HTTP_BUSY);
}

static bool
look(struct http_hub *hub, enum http_wait wait, uint64_t now)
{
    struct http_queue *queue = &hub->queue[wait];
    double limit = patience(hub, wait) * 1000;

    if (limit <= 0)
        return queue->first != NULL;
    while (queue->first != NULL && (double)(now - queue->first->since) >= limit)
        expire(queue->first);
    return queue->first != NULL;
}

/* Look at the peers of up to PEERS handlers, and send what these have replied
 * already; false: these were all. */
static bool
look_at_peers(struct http_hub *hub, uint64_t now)
{
    struct http_queue *queue = &hub->queue[HTTP_SERVING];
    struct http_connection *asked[PEERS];
    struct pollfd fds[PEERS] = {{.fd = -1}};
    nfds_t n = 0;

    while (n < PEERS && queue->first != NULL &&
           now - queue->first->since >= PERIOD) {
        asked[n] = queue->first;
        fds[n++] = (struct pollfd){gruvi_stream_fd(queue->first->stream), 0, 0};
        http_wait(queue->first, HTTP_SERVING);
    }
    if (n > 0)
        poll(fds, n, 0);
    for (nfds_t i = 0; i < n; i++) {
        if ((fds[i].revents & (POLLERR | POLLHUP)) == 0) {
            http_held_send(asked[i]->work);
            continue;
        }
        http_wait(asked[i], HTTP_BUSY);
        if (asked[i]->request != NULL)
            gruvid_request_gone(asked[i]->request);
    }
    return n == PEERS;
}

static void
on_timer(uv_timer_t *timer)
{
    struct http_hub *hub = timer->data;
    uint64_t now = uv_now(timer->loop);
    bool waits = false;

    for (int wait = HTTP_FRESH; wait < HTTP_SERVING; wait++)
        waits |= look(hub, (enum http_wait)wait, now);
    while (look_at_peers(hub, now))
        ;
    waits |= hub->queue[HTTP_SERVING].first != NULL;
    if (!waits) {
        uv_timer_stop(timer);
        hub->runs = false;
    }
}

void
http_wait(struct http_connection *connection, enum http_wait wait)
{
    struct http_hub *hub = connection->hub;

    if (connection->waits != HTTP_BUSY)
        leave(connection);
    connection->waits = (uint8_t)wait;
    if (wait == HTTP_BUSY)
        return;
    connection->since =
        wait == HTTP_FRESH ? connection->accepted : uv_now(hub->timer.loop);
    if (wait == HTTP_WRITING)
        connection->traffic = gruvi_stream_traffic(connection->stream);
    enter(connection);
    if (!hub->runs) {
        hub->runs = true;
        uv_timer_start(&hub->timer, on_timer, PERIOD, PERIOD);
    }
}

/* --- time ----------------------------------------------------------------- */

double
http_now(const struct http_hub *hub)
{
    return (double)uv_now(hub->timer.loop) / 1000;
}

uint64_t
http_accepted(const struct http_hub *hub)
{
    uint64_t now = uv_now(hub->timer.loop);
    double age = gruvid_connection_age(hub->plugin) * 1000;

    return age < (double)now ? now - (uint64_t)age : 0;
}

/* Without the locale, which a plugin may have set. */
static void
write_date(char *buf, size_t size, time_t second)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed",
                                   "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;

    gmtime_r(&second, &tm);
    strftime(buf, size, "   , %d     %Y %H:%M:%S GMT", &tm);
    memcpy(buf, days[tm.tm_wday], 3);
    memcpy(buf + 8, months[tm.tm_mon], 3);
}

const char *
http_date(struct http_hub *hub)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != hub->second) {
        hub->second = now.tv_sec;
        write_date(hub->date, sizeof hub->date, now.tv_sec);
    }
    return hub->date;
}

/* --- memory --------------------------------------------------------------- */

static void
work_free(struct http_work *work)
{
    free(work->in);
    free(work->out);
    free(work);
}

static struct http_work *
work_new(void)
{
    struct http_work *work = calloc(1, sizeof *work);

    if (work == NULL)
        return NULL;
    work->in_size = HTTP_IN;
    work->in = malloc(HTTP_IN + HTTP_PADDING);
    work->out_size = HTTP_OUT;
    work->out = malloc(HTTP_OUT);
    if (work->in == NULL || work->out == NULL) {
        work_free(work);
        return NULL;
    }
    return work;
}

struct http_work *
http_work_take(struct http_hub *hub)
{
    struct http_work *work = hub->spare;

    if (work == NULL) {
        work = work_new();
    } else {
        hub->spare = work->next;
        hub->n_spare--;
    }
    if (work == NULL)
        return NULL;
    work->start = work->position = work->end = 0;
    work->out_length = 0;
    work->given = false;
    return work;
}

void
http_work_give(struct http_hub *hub, struct http_work *work)
{
    if (hub->n_spare >= SPARE || work->in_size > HTTP_IN ||
        work->out_size > HTTP_OUT) {
        work_free(work);
        return;
    }
    work->next = hub->spare;
    hub->spare = work;
    hub->n_spare++;
}

/* --- its life ------------------------------------------------------------- */

void
http_hub_configure(struct http_hub *hub)
{
    http_settings_read(&hub->settings, hub->plugin);
    gruvid_set_greeting_timeout(hub->plugin, hub->settings.header_timeout);
}

struct http_hub *
http_hub_new(gruvid_plugin_t *plugin)
{
    struct http_hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return NULL;
    hub->plugin = plugin;
    if (h2_start(hub) < 0) {
        free(hub);
        return NULL;
    }
    http_hub_configure(hub);
    uv_timer_init(gruvi_hub_loop(gruvi_get_hub()), &hub->timer);
    hub->timer.data = hub;
    return hub;
}

GRUVI_SWITCHPOINT void
http_hub_free(struct http_hub *hub)
{
    (void)gruvi_uv_close((uv_handle_t *)&hub->timer);
    h2_forget(hub);
    while (hub->spare != NULL) {
        struct http_work *work = hub->spare;
        hub->spare = work->next;
        work_free(work);
    }
    http_coders_free(&hub->coders);
    free(hub);
}
