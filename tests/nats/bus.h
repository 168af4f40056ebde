/* SPDX-License-Identifier: MIT */
/* A server of NATS in a folder of its own, and a client of it that shares
 * nothing with that of plugins/nats. */
#ifndef TESTS_NATS_BUS_H
#define TESTS_NATS_BUS_H

#include "daemon/server.h"

/* --- servers -------------------------------------------------------------- */

struct bus_server {
    struct server server;
    int port, reserved; /* the descriptor that keeps the port */
};

/* End the test as skipped where there is no nats-server. */
void bus_need(void);

/* Make its folder, and choose its port; remove it. */
void bus_prepare(struct bus_server *server);
void bus_remove(struct bus_server *server);

/* Begin it with lines of its configuration; end it at once.  What its consumers
 * have delivered in the last moments is forgotten then: it writes that down a
 * little later, unless it is stopped in order. */
void bus_begin(struct bus_server *server, const char *config);
void bus_end(struct bus_server *server);
void bus_stop(struct bus_server *server);

/* gruvid with plugins/nats, whose section has these lines, with mirror and the
 * text of further sections.  It is no node, unless the lines have one. */
struct gruvid *bus_gruvid(const struct bus_server *server, const char *lines,
                          const char *sections);

/* The same without waiting; and the text of its configuration, in static
 * memory, for a reload. */
struct gruvid *bus_gruvid_begin(const struct bus_server *server,
                                const char *lines, const char *sections);
const char *bus_config(const struct bus_server *server, const char *lines,
                       const char *sections);

/* From now on gruvid has so many hubs; this is added to its environment; a URL
 * begins so: "tls://localhost". */
void bus_hubs(int n);
void bus_env(const char *const *more);
void bus_scheme(const char *beginning);

/* --- a client ------------------------------------------------------------- */

struct bus {
    int fd;
    unsigned asked; /* requests so far */
    char *data;     /* what has come, and was not taken */
    size_t size, room;
};

/* A message that has come. */
struct letter {
    char subject[256];
    char reply[256];   /* of a message without a head; "": none */
    char *head, *body; /* with a zero behind; head: "" where there is none */
    size_t head_size, size;
    int status;         /* Gruvid-Status; 0: none */
    bool no_responders; /* the server's own answer */
};

struct bus *bus_open(int port);
void bus_close(struct bus *bus);

/* Publish; reply and head may be NULL.  head: lines with their ends. */
void bus_publish(struct bus *bus, const char *subject, const char *reply,
                 const char *head, const void *data, size_t size);

/* Publish with the next inbox as reply. */
void bus_request(struct bus *bus, const char *subject, const char *head,
                 const void *data, size_t size);

/* Wait until the server has read what was published. */
void bus_flush(struct bus *bus);

/* Wait for the next message. */
void bus_read(struct bus *bus, struct letter *letter);
void letter_free(struct letter *letter);

/* The value of a header, in static memory; NULL: none. */
const char *letter_header(const struct letter *letter, const char *name);

/* Ask, and compare status and body (NULL: any). */
void bus_ask(struct bus *bus, const char *subject, const char *head,
             const char *data, int status, const char *body);

/* The same, status 200, until it is answered: a server learns from another what
 * is subscribed there, and what it sends to a server that has died is lost. */
void bus_ask_at_last(struct bus *bus, const char *subject);

#endif
