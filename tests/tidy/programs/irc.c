/* SPDX-License-Identifier: MIT */
/*
 * irc: a small IRC server (RFC 1459): NICK, USER, JOIN, PART, PRIVMSG, NOTICE,
 * PING, QUIT.  One server, no operators, no modes.
 *
 * A client has two fibers: one reads its commands, one writes what it is told.
 * Between them is a queue with a bound, which nobody waits for: so no command
 * switches, and all walks through clients and channels are whole.  A client
 * that does not read is dropped when its queue is full.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <gruvid/plugin.h>

#define SERVER      "irc.local"
#define NICK_SIZE   31
#define CHANNEL_MAX 50
#define MAX_CLIENTS 1000
#define BACKLOG     65536 /* bytes of lines that may wait for a client */
#define PARTING     5.0   /* seconds that the last lines may take */

struct client {
    LIST_ENTRY(client) link;
    struct server *server;
    gruvi_stream_t *stream; /* borrowed */
    gruvi_fiber_t *reader;  /* borrowed: the fiber of the connection */
    gruvi_queue_t lines;    /* closed: no more is written */
    char nick[NICK_SIZE + 1];
    char user[NICK_SIZE + 1];
    bool registered;
};

struct member {
    LIST_ENTRY(member) link;
    struct client *client;
};

struct channel {
    LIST_ENTRY(channel) link;
    GRUVI_SHARED LIST_HEAD(, member) members;
    char name[CHANNEL_MAX + 1];
};

/* Of an instance: two may be in two threads. */
struct server {
    GRUVI_SHARED LIST_HEAD(, client) clients;
    GRUVI_SHARED LIST_HEAD(, channel) channels;
    unsigned n_clients;
};

static struct client *
find_client(struct server *server, const char *nick)
{
    struct client *client;

    LIST_FOREACH (client, &server->clients, link)
        if (strcasecmp(client->nick, nick) == 0)
            return client;
    return NULL;
}

static struct channel *
find_channel(struct server *server, const char *name)
{
    struct channel *channel;

    LIST_FOREACH (channel, &server->channels, link)
        if (strcasecmp(channel->name, name) == 0)
            return channel;
    return NULL;
}

static struct member *
find_member(struct channel *channel, struct client *client)
{
    struct member *member;

    LIST_FOREACH (member, &channel->members, link)
        if (member->client == client)
            return member;
    return NULL;
}

/* Give a client a line, or drop it if it does not read. */
static void
tell(struct client *to, const char *line)
{
    gruvi_queue_put_options_t put = {.size = strlen(line)};
    char *copy = strdup(line);
    int err =
        copy == NULL ? UV_ENOMEM : gruvi_queue_try_put(&to->lines, copy, &put);

    if (err < 0)
        free(copy);
    if (err == UV_EAGAIN || err == UV_ENOMEM) {
        gruvi_warning("%s is too slow", to->nick);
        gruvi_queue_close(&to->lines);
        gruvi_fiber_cancel(to->reader, "too slow");
    }
}

static int
numeric(struct client *to, int code, const char *text)
{
    char line[768];

    snprintf(line, sizeof line, ":%s %03d %s %s\r\n", SERVER, code,
             to->nick[0] ? to->nick : "*", text);
    tell(to, line);
    return 0;
}

/* Give a line to all of a channel, but for one. */
static void
broadcast(struct channel *channel, struct client *except, const char *line)
{
    struct member *member;

    LIST_FOREACH (member, &channel->members, link)
        if (member->client != except)
            tell(member->client, line);
}

static void
leave(struct channel *channel, struct member *member)
{
    LIST_REMOVE(member, link);
    free(member);
    if (LIST_EMPTY(&channel->members)) {
        LIST_REMOVE(channel, link);
        free(channel);
    }
}

static int
welcome(struct client *me)
{
    char text[128];

    if (me->registered || me->nick[0] == '\0' || me->user[0] == '\0')
        return 0;
    me->registered = true;
    snprintf(text, sizeof text, ":Welcome to IRC, %s!%s", me->nick, me->user);
    numeric(me, 1, text);
    snprintf(text, sizeof text, ":There are %u users", me->server->n_clients);
    return numeric(me, 251, text);
}

static int
do_nick(struct client *me, const char *nick)
{
    struct server *server = me->server;
    struct channel *channel;
    struct client *other;
    char line[128];

    if (nick == NULL || *nick == '\0')
        return numeric(me, 431, ":No nickname given");
    if (strlen(nick) > NICK_SIZE || !isalpha((unsigned char)*nick))
        return numeric(me, 432, ":Erroneous nickname");
    other = find_client(server, nick);
    if (other != NULL && other != me)
        return numeric(me, 433, ":Nickname is already in use");
    if (me->registered) {
        snprintf(line, sizeof line, ":%s NICK %s\r\n", me->nick, nick);
        tell(me, line);
        LIST_FOREACH (channel, &server->channels, link)
            if (find_member(channel, me) != NULL)
                broadcast(channel, me, line);
    }
    snprintf(me->nick, sizeof me->nick, "%s", nick);
    return welcome(me);
}

static int
do_user(struct client *me, const char *user)
{
    if (me->registered)
        return numeric(me, 462, ":You may not reregister");
    if (user == NULL)
        return numeric(me, 461, "USER :Not enough parameters");
    snprintf(me->user, sizeof me->user, "%.*s", NICK_SIZE, user);
    return welcome(me);
}

static int
do_join(struct client *me, const char *name)
{
    struct channel *channel;
    struct member *member;
    char line[512];

    if (name == NULL || *name != '#' || strlen(name) > CHANNEL_MAX)
        return numeric(me, 403, ":No such channel");
    channel = find_channel(me->server, name);
    if (channel != NULL && find_member(channel, me) != NULL)
        return 0;
    member = calloc(1, sizeof *member);
    if (member == NULL)
        return UV_ENOMEM;
    if (channel == NULL) {
        channel = calloc(1, sizeof *channel);
        if (channel == NULL) {
            free(member);
            return UV_ENOMEM;
        }
        snprintf(channel->name, sizeof channel->name, "%s", name);
        LIST_INSERT_HEAD(&me->server->channels, channel, link);
    }
    member->client = me;
    LIST_INSERT_HEAD(&channel->members, member, link);
    snprintf(line, sizeof line, ":%s!%s JOIN %s\r\n", me->nick, me->user,
             channel->name);
    broadcast(channel, NULL, line);

    snprintf(line, sizeof line, "= %s :", channel->name);
    LIST_FOREACH (member, &channel->members, link) {
        size_t used = strlen(line);

        snprintf(line + used, sizeof line - used, "%s ", member->client->nick);
    }
    numeric(me, 353, line);
    return numeric(me, 366, ":End of NAMES list");
}

static int
do_part(struct client *me, const char *name)
{
    struct channel *channel = NULL;
    struct member *member;
    char line[512];

    if (name != NULL)
        channel = find_channel(me->server, name);
    if (channel == NULL)
        return numeric(me, 403, ":No such channel");
    member = find_member(channel, me);
    if (member == NULL)
        return numeric(me, 442, ":You're not on that channel");
    snprintf(line, sizeof line, ":%s!%s PART %s\r\n", me->nick, me->user,
             channel->name);
    broadcast(channel, NULL, line);
    leave(channel, member);
    return 0;
}

static int
do_privmsg(struct client *me, const char *command, const char *target,
           const char *text)
{
    struct channel *channel;
    struct client *to;
    char line[512];

    if (target == NULL || text == NULL)
        return numeric(me, 412, ":No text to send");
    snprintf(line, sizeof line, ":%s!%s %s %s :%.400s\r\n", me->nick, me->user,
             command, target, text);
    if (*target == '#') {
        channel = find_channel(me->server, target);
        if (channel == NULL || find_member(channel, me) == NULL)
            return numeric(me, 404, ":Cannot send to channel");
        broadcast(channel, me, line);
        return 0;
    }
    to = find_client(me->server, target);
    if (to == NULL)
        return numeric(me, 401, ":No such nick");
    tell(to, line);
    return 0;
}

static int
handle(struct client *me, char *line)
{
    char *text = strstr(line, " :"), *rest = line, *command, *first;
    char answer[600];

    if (text != NULL) {
        *text = '\0';
        text += 2;
    }
    command = strsep(&rest, " ");
    first = rest != NULL ? strsep(&rest, " ") : text;
    if (text == NULL)
        text = rest;
    if (strcasecmp(command, "NICK") == 0)
        return do_nick(me, first);
    if (strcasecmp(command, "USER") == 0)
        return do_user(me, first);
    if (strcasecmp(command, "PING") == 0) {
        snprintf(answer, sizeof answer, ":%s PONG %s :%s\r\n", SERVER, SERVER,
                 first ? first : "");
        tell(me, answer);
        return 0;
    }
    if (strcasecmp(command, "QUIT") == 0)
        return UV_EOF;
    if (!me->registered)
        return numeric(me, 451, ":You have not registered");
    if (strcasecmp(command, "JOIN") == 0)
        return do_join(me, first);
    if (strcasecmp(command, "PART") == 0)
        return do_part(me, first);
    if (strcasecmp(command, "PRIVMSG") == 0 ||
        strcasecmp(command, "NOTICE") == 0)
        return do_privmsg(me, command, first, text);
    return numeric(me, 421, ":Unknown command");
}

/* A fiber: write what the client is told, until its queue is closed. */
static GRUVI_SWITCHPOINT int
write_lines(void *arg)
{
    struct client *me = arg;
    void *line;
    int err;

    do {
        err = gruvi_queue_get(&me->lines, &line, GRUVI_FOREVER);
        if (err == 0)
            err = gruvi_stream_write(me->stream, line, strlen(line));
        free(line);
    } while (err == 0);
    if (err != UV_EOF)
        gruvi_fiber_cancel(me->reader, "nothing can be written");
    return 0; /* not negative: that would be logged as a mistake of ours */
}

static GRUVI_SWITCHPOINT int
read_commands(struct client *me)
{
    char line[513];
    ssize_t n;
    int err = 0;

    while (err == 0) {
        n = gruvi_stream_read_text(me->stream, line, sizeof line);
        if (n < 0)
            err = (int)n;
        else if (line[0] != '\0')
            err = handle(me, line);
    }
    return err;
}

static void
leave_all(struct client *me)
{
    struct channel *channel, *next;
    char line[128];

    snprintf(line, sizeof line, ":%s!%s QUIT :Gone\r\n", me->nick, me->user);
    for (channel = LIST_FIRST(&me->server->channels); channel; channel = next) {
        struct member *member = find_member(channel, me);

        next = LIST_NEXT(channel, link);
        if (member == NULL)
            continue;
        broadcast(channel, me, line);
        leave(channel, member);
    }
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct server *server = gruvid_plugin_data(plugin);
    struct client me = {
        .server = server, .stream = stream, .reader = gruvi_current_fiber()};
    void *line;
    int err = 0;

    if (server->n_clients >= MAX_CLIENTS)
        return gruvi_stream_printf(stream, "ERROR :The server is full\r\n");
    gruvi_queue_init(&me.lines, GRUVI_QUEUE_FIFO, BACKLOG);
    server->n_clients++;
    LIST_INSERT_HEAD(&server->clients, &me, link);
    GRUVI_WITH_GROUP (group) {
        err = gruvi_go(write_lines, &me);
        if (err == 0)
            err = read_commands(&me);
        LIST_REMOVE(&me, link);
        server->n_clients--;
        leave_all(&me);
        gruvi_queue_close(&me.lines);
        /* It may be cancelled: then the rest is not written. */
        (void)gruvi_group_join(&group, PARTING);
    }
    while (gruvi_queue_try_get(&me.lines, &line) == 0)
        free(line);
    gruvi_queue_destroy(&me.lines);
    return err;
}

static int
start(gruvid_plugin_t *plugin)
{
    struct server *server = calloc(1, sizeof *server);
    int err =
        server == NULL ? UV_ENOMEM : gruvid_set_plugin_data(plugin, server);

    if (err < 0)
        free(server);
    return err;
}

static void
stop(gruvid_plugin_t *plugin)
{
    free(gruvid_plugin_data(plugin));
}

GRUVID_PLUGIN(irc, .version = "1.0", .summary = "a small IRC server",
    .start = start, .connection = connection, .stop = stop);
