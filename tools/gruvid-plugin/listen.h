/* SPDX-License-Identifier: MIT */
/* The sockets that a gruvid of this program listens on. */
#ifndef GRUVID_PLUGIN_LISTEN_H
#define GRUVID_PLUGIN_LISTEN_H

#include <stdbool.h>

#define MOST_ENDPOINTS 32

/* An address of a configuration. */
struct endpoint {
    char section[48]; /* "plugin hello" */
    char value[128];  /* "tcp://127.0.0.1:7008" */
    int fd;        /* a socket that listens there; -1: it is left to gruvid */
    char host[64]; /* where a client on this machine finds it */
    int wanted, port; /* of the configuration, and of the socket */
};

struct endpoints {
    struct endpoint items[MOST_ENDPOINTS];
    int n;
};

/*
 * Read the listen addresses of a configuration, without the files that it
 * includes, and open those of tcp:// and tls:// with a number for a host.  So
 * the port is known, and stays ours, before gruvid begins.  Where a port is
 * taken, another one is.
 *
 *   any_port  take a port that the kernel picks, whatever the file says
 *
 * Returns false: it has complained.
 */
bool endpoints_open(struct endpoints *endpoints, const char *file,
                    bool any_port);

/* The one to talk to: of this section, or else the first; NULL: none. */
const struct endpoint *endpoints_main(const struct endpoints *endpoints,
                                      const char *plugin);

/* How -o says it: the address, or the socket. */
void endpoint_option(const struct endpoint *endpoint, char *buf, int size);

/* Whether a socket of the section was opened here. */
bool endpoints_have(const struct endpoints *endpoints, const char *section);

#endif
