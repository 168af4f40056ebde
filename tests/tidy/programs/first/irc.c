/* SPDX-License-Identifier: MIT */
/*
 * irc: a small IRC server (RFC 1459): NICK, USER, JOIN, PART, PRIVMSG, NOTICE,
 * PING, QUIT.  One server, no operators, no modes.
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

struct client {
    LIST_ENTRY(client) link;
    gruvi_stream_t *stream;
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
    LIST_HEAD(, member) members;
    char name[CHANNEL_MAX + 1];
};

static LIST_HEAD(, client) clients;
static LIST_HEAD(, channel) channels;
static unsigned n_clients;

static struct client *
find_client(const char *nick)
{
    struct client *client;

    LIST_FOREACH (client, &clients, link)
        if (strcasecmp(client->nick, nick) == 0)
            return client;
    return NULL;
}

static struct channel *
find_channel(const char *name)
{
    struct channel *channel;

    LIST_FOREACH (channel, &channels, link)
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

static int
numeric(struct client *to, int code, const char *text)
{
    return gruvi_stream_printf(to->stream, ":%s %03d %s %s\r\n", SERVER, code,
                               to->nick[0] ? to->nick : "*", text);
}

/* Send a line to all of a channel, but for one. */
static void
broadcast(struct channel *channel, struct client *except, const char *line)
{
    struct member *member;

    LIST_FOREACH (member, &channel->members, link)
        if (member->client != except)
            gruvi_stream_write(member->client->stream, line, strlen(line));
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
    snprintf(text, sizeof text, ":There are %u users", n_clients);
    return numeric(me, 251, text);
}

static int
do_nick(struct client *me, const char *nick)
{
    char line[128];
    struct channel *channel;

    if (nick == NULL || *nick == '\0')
        return numeric(me, 431, ":No nickname given");
    if (strlen(nick) > NICK_SIZE || !isalpha((unsigned char)*nick))
        return numeric(me, 432, ":Erroneous nickname");
    if (find_client(nick) != NULL && find_client(nick) != me)
        return numeric(me, 433, ":Nickname is already in use");
    if (me->registered) {
        snprintf(line, sizeof line, ":%s NICK %s\r\n", me->nick, nick);
        gruvi_stream_write(me->stream, line, strlen(line));
        LIST_FOREACH (channel, &channels, link)
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
    channel = find_channel(name);
    if (channel == NULL) {
        channel = calloc(1, sizeof *channel);
        if (channel == NULL)
            return UV_ENOMEM;
        snprintf(channel->name, sizeof channel->name, "%s", name);
        LIST_INSERT_HEAD(&channels, channel, link);
    }
    if (find_member(channel, me) != NULL)
        return 0;
    member = calloc(1, sizeof *member);
    if (member == NULL)
        return UV_ENOMEM;
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
    struct channel *channel = name == NULL ? NULL : find_channel(name);
    struct member *member = channel == NULL ? NULL : find_member(channel, me);
    char line[512];

    if (channel == NULL)
        return numeric(me, 403, ":No such channel");
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
        channel = find_channel(target);
        if (channel == NULL || find_member(channel, me) == NULL)
            return numeric(me, 404, ":Cannot send to channel");
        broadcast(channel, me, line);
        return 0;
    }
    to = find_client(target);
    if (to == NULL)
        return numeric(me, 401, ":No such nick");
    return gruvi_stream_write(to->stream, line, strlen(line));
}

static int
handle(struct client *me, char *line)
{
    char *text = strstr(line, " :"), *rest = line, *command, *first;

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
    if (strcasecmp(command, "PING") == 0)
        return gruvi_stream_printf(me->stream, ":%s PONG %s :%s\r\n", SERVER,
                                   SERVER, first ? first : "");
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

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    struct client me = {.stream = stream};
    struct channel *channel, *next;
    char line[513];
    int err = 0;

    (void)plugin;
    if (n_clients >= MAX_CLIENTS) {
        gruvi_stream_printf(stream, "ERROR :The server is full\r\n");
        return 0;
    }
    n_clients++;
    LIST_INSERT_HEAD(&clients, &me, link);
    while (err == 0 && gruvi_stream_read_text(stream, line, sizeof line) >= 0)
        if (line[0] != '\0')
            err = handle(&me, line);

    LIST_REMOVE(&me, link);
    n_clients--;
    for (channel = LIST_FIRST(&channels); channel != NULL; channel = next) {
        struct member *member = find_member(channel, &me);

        next = LIST_NEXT(channel, link);
        if (member == NULL)
            continue;
        snprintf(line, sizeof line, ":%s!%s QUIT :Gone\r\n", me.nick, me.user);
        broadcast(channel, &me, line);
        leave(channel, member);
    }
    return err == UV_EOF ? 0 : err;
}

GRUVID_PLUGIN(irc, .version = "1.0", .summary = "a small IRC server",
    .connection = connection);
