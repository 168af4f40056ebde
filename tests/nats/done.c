/* SPDX-License-Identifier: MIT */
#include "nats/done.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/client.h"

/* Bytes of a line: all have the same. */
#define LINE 8

/* Messages that are sent before their answers are read. */
#define AT_ONCE 200

const char *
worker_section(const struct bus_server *server)
{
    static char section[200];

    http_bring("tests/nats/plugins/.libs/worker.so");
    snprintf(section, sizeof section, "[plugin worker]\nfile = %s/done\n",
             server->server.dir);
    return section;
}

static void
read_stored(struct bus *bus)
{
    struct letter letter;

    bus_read(bus, &letter);
    ck_assert_msg(strstr(letter.body, "\"seq\"") != NULL, "%s%s", letter.head,
                  letter.body);
    letter_free(&letter);
}

void
numbers_store(struct bus *bus, unsigned first, unsigned last)
{
    unsigned open = 0;

    for (unsigned i = first; i < last; i++) {
        char text[16];

        snprintf(text, sizeof text, "%07u", i);
        bus_request(bus, "orders.new", NULL, text, LINE - 1);
        if (++open > AT_ONCE) {
            read_stored(bus);
            open--;
        }
    }
    while (open-- > 0)
        read_stored(bus);
}

void
file_make(const struct bus_server *server, const char *name)
{
    FILE *f = fopen(server_path(&server->server, name), "w");

    ck_assert_ptr_nonnull(f);
    fclose(f);
}

unsigned
done_lines(const struct bus_server *server)
{
    struct stat st = {.st_size = 0};

    if (stat(server_path(&server->server, "done"), &st) < 0)
        return 0;
    return (unsigned)(st.st_size / LINE);
}

void
done_has(const struct bus_server *server, unsigned lines)
{
    while (done_lines(server) < lines)
        usleep(1000);
}

unsigned
done_again(const struct bus_server *server, unsigned n)
{
    unsigned *times = calloc(n, sizeof *times), again = 0;
    FILE *f = fopen(server_path(&server->server, "done"), "r");
    char line[64];

    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(times);
    while (fgets(line, sizeof line, f) != NULL) {
        unsigned i = (unsigned)atoi(line);

        ck_assert_uint_eq(strlen(line), LINE);
        ck_assert_uint_lt(i, n);
        times[i]++;
    }
    fclose(f);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_msg(times[i] > 0, "message %u was never done", i);
        again += times[i] > 1;
    }
    free(times);
    return again;
}
