/* SPDX-License-Identifier: MIT */
/* The servers of a cluster: of the section, and named by servers. */
#ifndef NATS_SERVERS_H
#define NATS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

/* The most, and the most bytes of an address, with its zero. */
#define NATS_SERVERS 32
#define NATS_ADDRESS 280

struct nats_servers {
    char at[NATS_SERVERS][NATS_ADDRESS]; /* "tcp://HOST:PORT", or tls:// */
    unsigned char of[NATS_SERVERS];      /* the server of the section that led
                                            there: an index */
    bool own_name[NATS_SERVERS]; /* it proves its own name, not that server's */
    size_t n;
    size_t n_own; /* the section's come first */
    size_t next;  /* which to try next */
    bool tls;     /* all are tls:// */

    /* The connection: which of the section has led to it (NATS_SERVERS: none of
     * them), and whether the names that it says are believed. */
    size_t led;
    bool believed;
};

/* Where to connect. */
struct nats_turn {
    char shown[NATS_ADDRESS];   /* "tls://HOST:PORT", for the log */
    char address[NATS_ADDRESS]; /* "tcp://HOST:PORT" */
    char name[NATS_ADDRESS];    /* that its certificate has to have */
};

/* What a server says of itself. */
struct nats_info {
    char name[128], version[32];
    char nonce[256]; /* to be signed; "": none */
    size_t max_payload;
    bool headers, wants_tls, has_tls, is_lame;
};

/*
 * Add the server of a URL: "nats://HOST[:PORT]", or tls://, as servers->tls
 * says.
 *
 * Returns NULL, or what is wrong, static text without the URL: "is not ...".
 */
const char *nats_servers_add(struct nats_servers *servers, const char *url);

/*
 * Whose turn it is; then it is the next one's.
 *
 *   believed  whether the names that it says of other servers in clear count
 */
void nats_servers_turn(struct nats_servers *servers, struct nats_turn *turn,
                       bool believed);

/*
 * Read the text of INFO.  The servers that it names take the place of all that
 * were named before.
 *
 *   info  what the text does not say stays
 *
 * Returns whether it is as it should be.
 */
bool nats_info_read(struct nats_info *info, struct nats_servers *servers,
                    const char *text, size_t size);

/* Whether two have the same servers in the section. */
bool nats_servers_differ(const struct nats_servers *a,
                         const struct nats_servers *b);

#endif
