/* SPDX-License-Identifier: MIT */
/*
 * What the tests of streams share: a stream with a plain descriptor at its
 * other end, so that one side of each test does not use libgruvi.
 */
#ifndef TESTS_UNIT_NET_H
#define TESTS_UNIT_NET_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

/* Loopback addresses with a free port or a name of their own, by index; looped
 * tests run with each.  The text is valid until the next call. */
enum { NET_TCP, NET_UNIX, NET_KINDS };
const char *net_address(int kind);

/* A listener on such an address, and the actual address. */
gruvi_listener_t *net_listen(int kind, char address[GRUVI_ADDRESS_SIZE]);

/* A TCP port of 127.0.0.1 at which nobody listens while the descriptor that is
 * returned is open. */
int net_reserve(char address[GRUVI_ADDRESS_SIZE]);

/* Listening there fails, with nothing left behind. */
void listen_fails(const char *address, const gruvi_listen_options_t *options,
                  int err);

/* A plain blocking descriptor, connected to a listener's address. */
int net_connect(const char *address);

/* A plain listener whose queue is full, and the client in it. */
struct full {
    int listener, client;
    char address[GRUVI_ADDRESS_SIZE];
};

void open_full(struct full *f, const char *address);
void close_full(struct full *f);

struct ends {
    gruvi_stream_t *stream;
    int peer; /* non-blocking; -1: closed */
};

/* A connected pair, the stream accepted. */
void open_ends(struct ends *ends, int kind);

/* Close both ends; an end that was closed before is NULL or -1. */
void close_ends(struct ends *ends);

/* The peer closes: in order, or with a reset (TCP). */
void peer_closes(struct ends *ends);
void peer_resets(struct ends *ends);

/* The peer writes bytes, which have to fit; writes text; reads this text. */
void peer_writes(struct ends *ends, const void *buf, size_t len);
void peer_says(struct ends *ends, const char *text);
void peer_hears(struct ends *ends, const char *text);

/* The peer reads until nothing comes any more; returns the number of bytes. */
size_t peer_drains(struct ends *ends);

/* Make the kernel's buffers of a connection small. */
void shrink(struct ends *ends);

/* Write, directly to its descriptor, until nothing fits any more. */
void fill_up(gruvi_stream_t *stream);

/* A write of this many bytes, in a fiber, that waits for space. */
#define BIG_WRITE 1000000
gruvi_fiber_t *begin_big_write(struct ends *ends);

/* A pattern in which each byte depends on its place. */
void fill_pattern(void *buf, size_t len, size_t from);
bool is_pattern(const void *buf, size_t len, size_t from);

/* --- reading ----------------------------------------------------------------
 */

enum { READ, READ_EXACT, READ_LINE, READS };
ssize_t read_by(int way, gruvi_stream_t *s, void *buf, size_t len);

/* A read in a fiber. */
struct reader {
    gruvi_stream_t *stream;
    gruvi_fiber_t *fiber;
    int way;
    size_t len;
    ssize_t result;
    char buf[8192];
};

/* It waits when begin_read() returns. */
void begin_read(struct reader *r, gruvi_stream_t *stream, int way, size_t len);
ssize_t end_read(struct reader *r);

/* The next read, or line of up to len bytes, is this text. */
void hears(gruvi_stream_t *s, const char *text);
void hears_line(gruvi_stream_t *s, size_t len, const char *text);

/* --- limits ------------------------------------------------------------------
 */

/*
 * Use up all descriptors of this process but n.  Such tests run last, and
 * release them with net_spare_all().
 */
void net_spare(int n);
void net_spare_all(void);

/* Make a folder for this test; remove it with all its files. */
const char *net_folder(void);
void net_folder_end(void);

#endif
