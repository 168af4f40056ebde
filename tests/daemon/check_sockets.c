/* SPDX-License-Identifier: MIT */
/* The table of sockets: addresses that are in each other's way. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/hubs_clients.h"
#include "support/port.h"

/* --- at a start ----------------------------------------------------------- */

static const struct {
    const char *first, *second, *more;
} overlapping[] = {
    {"tcp://127.0.0.1", "tcp://0.0.0.0", ""},
    {"tcp://0.0.0.0", "tcp://127.0.0.1", ""},
    {"tcp://0.0.0.0", "tcp://[::]", "dual_stack = yes\n"},
    {"tcp://[::1]", "tcp://[::]", ""},
    {"tcp://127.0.0.1", "tcp://localhost", ""},
};

START_TEST(test_addresses_that_overlap_are_named)
{
    int port, reserved = reserve_port(&port);
    char config[400], line[300];
    struct gruvid *g;

    snprintf(config, sizeof config,
             "[plugin a]\nmodule = spread\nlisten = %s:%d\n"
             "[plugin b]\nmodule = spread\nlisten = %s:%d\n%s",
             overlapping[_i].first, port, overlapping[_i].second, port,
             overlapping[_i].more);
    g = gruvid_run(config, NULL);
    ck_assert_int_eq(g->status, 69);
    snprintf(line, sizeof line,
             "plugin b: cannot listen on %s:%d: it overlaps %s:%d of plugin a; "
             "set listen to another address",
             overlapping[_i].second, port, overlapping[_i].first, port);
    gruvid_says(g, line);
    close(reserved);
}
END_TEST

START_TEST(test_a_path_may_be_written_in_two_ways)
{
    struct gruvid *g = gruvid_run("[plugin a]\nmodule = spread\n"
                                  "listen = unix:@DIR@/s\n"
                                  "[plugin b]\nmodule = spread\n"
                                  "listen = unix:@DIR@/./s\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "/s of plugin a; set listen to another address");
    ck_assert_int_lt(access(gruvid_path(g, "s"), F_OK), 0);
}
END_TEST

/* 192.0.2.1 is for documentation: no machine has it. */
START_TEST(test_an_address_that_no_interface_has_is_explained)
{
    struct gruvid *g = gruvid_run("[plugin a]\nmodule = spread\n"
                                  "listen = tcp://192.0.2.1:7007\n",
                                  NULL);

    ck_assert_int_eq(g->status, 69);
    gruvid_says(g, "plugin a: cannot listen on tcp://192.0.2.1:7007: ");
    gruvid_says(g, "; no interface of this machine has that address");
}
END_TEST

START_TEST(test_dual_stack_does_not_change_while_it_is_open)
{
    int port, reserved = reserve_port(&port);
    char config[200];
    struct gruvid *g;

    snprintf(config, sizeof config,
             "[plugin a]\nmodule = spread\nlisten = tcp://[::]:%d\n", port);
    g = gruvid_ready(config, NULL);
    strcat(config, "dual_stack = yes\n");
    gruvid_reload(g, config, false);
    gruvid_says(g, "dual_stack cannot change while tcp://[::]:");
    gruvid_says(g, " is open; restart gruvid");
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(reserved);
}
END_TEST

/* IPv6 alone leaves IPv4 to others. */
START_TEST(test_addresses_that_do_not_overlap_are_open_together)
{
    int port, reserved = reserve_port(&port);
    char config[400];
    struct gruvid *g;

    snprintf(config, sizeof config,
             HUBS(2) "[plugin a]\nmodule = spread\nlisten = tcp://0.0.0.0:%d\n"
                     "[plugin b]\nmodule = spread\nlisten = tcp://[::]:%d\n",
             port, port);
    g = gruvid_ready(config, NULL);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    close(reserved);
}
END_TEST

/* Whoever waits for "ready" finds the addresses above it.  i: hubs. */
START_TEST(test_addresses_are_said_before_gruvid_is_ready)
{
    char config[200];
    struct gruvid *g;

    snprintf(config, sizeof config, "[gruvid]\nhubs = %d\n" SPREAD, _i);
    g = gruvid_ready(config, NULL);
    ck_assert_ptr_nonnull(
        strstr(gruvid_says(g, "listening on tcp://"), "gruvid: ready"));
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

/* --- all that there are --------------------------------------------------- */

/* Sockets that listen, or are bound for datagrams, by their inode, in a file of
 * /proc: the field with the inode, and what a line has to have. */
static const struct {
    const char *file;
    unsigned inode, state;
    const char *listens; /* NULL: all that are there */
} tables[] = {
    {"tcp", 9, 3, "0A"},        {"tcp6", 9, 3, "0A"},   {"udp", 9, 3, NULL},
    {"udp6", 9, 3, NULL},       {"raw", 9, 3, NULL},    {"raw6", 9, 3, NULL},
    {"unix", 6, 3, "00010000"}, {"packet", 8, 3, NULL},
};

static bool
listens(size_t table, char *line, unsigned long inode)
{
    bool here = false, is_open = tables[table].listens == NULL;
    char *rest, *word = strtok_r(line, " \n", &rest);

    for (unsigned i = 0; word != NULL; i++) {
        if (i == tables[table].inode)
            here = strtoul(word, NULL, 10) == inode;
        if (i == tables[table].state && !is_open)
            is_open = strcmp(word, tables[table].listens) == 0;
        word = strtok_r(NULL, " \n", &rest);
    }
    return here && is_open;
}

/* How many tables have the socket with this inode as one that listens. */
static unsigned
tables_with(const struct gruvid *g, unsigned long inode)
{
    unsigned n = 0;
    char path[64], line[600];

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        FILE *file;

        snprintf(path, sizeof path, "/proc/%d/net/%s", g->pid, tables[i].file);
        file = fopen(path, "r");
        if (file == NULL)
            continue; /* the kernel has no such sockets */
        while (fgets(line, sizeof line, file) != NULL)
            n += listens(i, line, inode);
        fclose(file);
    }
    return n;
}

/* A socket may be open as several descriptors. */
static unsigned
listening_sockets(const struct gruvid *g)
{
    unsigned long known[100];
    size_t n_known = 0;
    char path[300], link[64];
    struct dirent *entry;
    unsigned n = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/fd", g->pid);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        unsigned long inode;
        ssize_t length;
        size_t i = 0;

        snprintf(path, sizeof path, "/proc/%d/fd/%s", g->pid, entry->d_name);
        length = readlink(path, link, sizeof link - 1);
        if (length < 0)
            continue;
        link[length] = '\0';
        if (sscanf(link, "socket:[%lu]", &inode) != 1)
            continue;
        while (i < n_known && known[i] != inode)
            i++;
        if (i < n_known)
            continue;
        ck_assert_uint_lt(n_known, 100);
        known[n_known++] = inode;
        n += tables_with(g, inode);
    }
    closedir(dir);
    return n;
}

/* Beside plugins that listen by themselves. */
START_TEST(test_nothing_listens_that_the_configuration_does_not_name)
{
    static const struct {
        const char *config;
        unsigned sockets;
    } rows[] = {
        {"[plugin a]\nmodule = spread\n", 0},
        {"[plugin a]\nmodule = spread\nlisten = tcp://127.0.0.1:0\n", 1},
        {"[plugin a]\nmodule = spread\nlisten = tcp://[::1]:0\n"
         "listen = unix:@DIR@/s\n",
         2},
        {"[gruvid]\ncontrol = @DIR@/control.sock\n"
         "[plugin a]\nmodule = spread\nlisten = tcp://127.0.0.1:0\n",
         2},
    };
    struct gruvid *g = gruvid_ready(rows[_i].config, NULL);

    ck_assert_uint_eq(listening_sockets(g), rows[_i].sockets);
    ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sockets");
    TCase *tc = gruvid_case(suite, "overlap");

    tcase_add_loop_test(tc, test_addresses_that_overlap_are_named, 0,
                        sizeof overlapping / sizeof *overlapping);
    tcase_add_test(tc, test_a_path_may_be_written_in_two_ways);
    tcase_add_test(tc, test_an_address_that_no_interface_has_is_explained);
    tcase_add_test(tc, test_dual_stack_does_not_change_while_it_is_open);
    tcase_add_test(tc, test_addresses_that_do_not_overlap_are_open_together);
    tcase_add_loop_test(tc, test_addresses_are_said_before_gruvid_is_ready, 1,
                        3);
    tcase_add_loop_test(
        tc, test_nothing_listens_that_the_configuration_does_not_name, 0, 4);
    return run_suite(suite);
}
