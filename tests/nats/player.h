/* SPDX-License-Identifier: MIT */
/* A JetStream server that the test plays: what gruvid asks of it for its work
 * is read, and answered as the test says. */
#ifndef TESTS_NATS_PLAYER_H
#define TESTS_NATS_PLAYER_H

#include "nats/bus.h"
#include "nats/script.h"

/* The work of a section, and what there is of it in most tests. */
#define WORK "work = ORDERS/billing -> mirror\n"
#define CONSUMER                                                               \
    "{\"config\":{\"ack_policy\":\"explicit\",\"ack_wait\":200000000}}"
#define STREAM                                                                 \
    "{\"created\":\"2026-01-01T00:00:00Z\","                                   \
    "\"config\":{\"subjects\":[\"orders.>\"]}}"

/* Two deliveries: the subject of an acknowledgement behind "$JS.ACK.". */
#define FIRST  "ORDERS.billing.1.1.1.1.0"
#define SECOND "ORDERS.billing.1.2.2.2.0"

extern struct player {
    struct bus_server place; /* its port */
    struct script *script;
    struct gruvid *g;
} player;

/* A message that gruvid has published. */
struct question {
    char subject[300], reply[200], data[2000];
};

/* The fixture of a test. */
void player_prepare(void);
void player_finish(void);

/* The next message, whose subject begins so; all else that gruvid says is
 * answered as a server does. */
void player_next(struct question *q, const char *subject);

/* The same, with this data. */
void player_says(const char *subject, const char *data);

/* The number of the subscription that a reply goes to. */
unsigned long long player_sid(const char *reply);

/* Answer with JSON; with a status line. */
void player_answer(const struct question *q, const char *json);
void player_status(const struct question *q, const char *line);

/* Deliver a message to a pull, for the handler of a path. */
void player_deliver(const struct question *pull, const char *ack,
                    const char *path);

/* Answer its questions until it pulls; begin gruvid, and the same. */
void player_finds(struct question *pull, const char *consumer);
void player_begin(struct question *pull, const char *lines,
                  const char *consumer);

#endif
