/* SPDX-License-Identifier: MIT */
/* Headers of the PROXY protocol, whole and in pieces. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "serve/proxy_header.h"
#include "support/suite.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2(rest)  SIGNATURE rest, sizeof(SIGNATURE rest) - 1
#define IP4       "\300\0\2\1\306\63\144\1\22\147\1\273"
#define IP6                                                                    \
    "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0" \
    "\2"                                                                       \
    "\22\147\1\273"

/* Read a copy of just so many bytes, so that a sanitizer sees one too many. */
static int
read_copy(struct gruvid__proxy_header *header, const void *data, size_t n)
{
    unsigned char *copy = malloc(n);
    int result;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, n);
    result = gruvid__proxy_header_read(header, copy, n);
    free(copy);
    return result;
}

static const char *
client_of(const struct gruvid__proxy_header *header)
{
    static char text[INET6_ADDRSTRLEN + 8];
    char host[INET6_ADDRSTRLEN] = "";

    if (header->length == 0)
        return "none";
    if (header->client.any.sa_family == AF_UNIX)
        return "unix";
    if (header->client.any.sa_family == AF_INET)
        inet_ntop(AF_INET, &header->client.in.sin_addr, host, sizeof host);
    else
        inet_ntop(AF_INET6, &header->client.in6.sin6_addr, host, sizeof host);
    snprintf(text, sizeof text, "%s %u", host,
             ntohs(header->client.in.sin_port));
    return text;
}

/* However it comes: each part of it asks for more, and what follows stays. */
static void
says(const char *data, size_t n, const char *client)
{
    struct gruvid__proxy_header header;
    char *more = malloc(n + 10);

    ck_assert_ptr_nonnull(more);
    for (size_t part = 1; part < n; part++) {
        ck_assert_int_eq(read_copy(&header, data, part), 0);
        ck_assert_uint_gt(header.size, part);
    }
    ck_assert_msg(read_copy(&header, data, n) == 1, "%s", header.why);
    ck_assert_uint_eq(header.size, n);
    ck_assert_str_eq(client_of(&header), client);
    memcpy(more, data, n);
    memcpy(more + n, "\r\nGET / \n\r", 10);
    ck_assert_int_eq(read_copy(&header, more, n + 10), 1);
    ck_assert_uint_eq(header.size, n);
    ck_assert_str_eq(client_of(&header), client);
    free(more);
}

/* Some part of it is refused, and no part is taken. */
static void
refused(const char *data, size_t n)
{
    struct gruvid__proxy_header header;
    int result = 0;

    for (size_t part = 1; part <= n && result == 0; part++)
        result = read_copy(&header, data, part);
    ck_assert_msg(result == UV_EPROTO, "%.*s: %d", (int)n, data, result);
    ck_assert_ptr_nonnull(header.why);
    ck_assert_int_eq(read_copy(&header, data, n), UV_EPROTO);
}

START_TEST(test_lines_of_version_1_name_their_client)
{
    static const struct {
        const char *line, *client;
    } lines[] = {
        {"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "192.0.2.1 4711"},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
         "255.255.255.255 65535"},
        {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0 0"},
        {"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "2001:db8::1 1"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
        {"PROXY UNKNOWN\r\n", "none"},
        {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "none"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        says(lines[i].line, strlen(lines[i].line), lines[i].client);
}
END_TEST

START_TEST(test_malformed_lines_of_version_1_are_refused)
{
    static const char *const lines[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY\r\n",
        "PROXY \r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN\rx\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2  1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 123456\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
        "PROXY TCP6 ::1 ::g 1 2\r\n",
    };
    char line[200];

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        refused(lines[i], strlen(lines[i]));
    refused("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", 37);
    /* 108 bytes. */
    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + 106, "\r\n", 2);
    refused(line, 108);
    memcpy(line + 105, "\r\n", 2);
    says(line, 107, "none");
    memset(line + 105, 'x', 10);
    refused(line, sizeof line);
}
END_TEST

START_TEST(test_headers_of_version_2_name_their_client)
{
    char local[16 + 216] = SIGNATURE "\x21\x31\0\xd8/client";

    says(V2("\x21\x11\0\xc" IP4), "192.0.2.1 4711");
    says(V2("\x21\x12\0\xc" IP4), "192.0.2.1 4711");
    says(V2("\x21\x21\0\x24" IP6), "2001:db8::1 4711");
    says(V2("\x21\x22\0\x24" IP6), "2001:db8::1 4711");
    says(local, sizeof local, "unix");
    says(V2("\x21\0\0\0"), "none");
    says(V2("\x20\0\0\0"), "none");
    /* What comes with LOCAL means nothing. */
    says(V2("\x20\x11\0\xc" IP4), "none");
    says(V2("\x20\xff\0\3???"), "none");
}
END_TEST

START_TEST(test_malformed_headers_of_version_2_are_refused)
{
    refused(V2("\x11\x11\0\xc" IP4));
    refused(V2("\x31\x11\0\xc" IP4));
    refused(V2("\x22\x11\0\xc" IP4));
    refused(V2("\x2f\x11\0\xc" IP4));
    refused(V2("\x21\x10\0\xc" IP4));
    refused(V2("\x21\x01\0\xc" IP4));
    refused(V2("\x21\x13\0\xc" IP4));
    refused(V2("\x21\x41\0\xc" IP4));
    refused(V2("\x21\x11\0\xb" IP4));
    refused(V2("\x21\x21\0\xc" IP4));
    refused(V2("\x21\x31\0\xd7" IP4));
    refused(V2("\x21\x11\x0f\xf1" IP4));
    refused(V2("\x20\0\xff\xff"));
    refused("\r\n\r\n\0\r\nQUIT\r", 12);
}
END_TEST

START_TEST(test_values_behind_the_addresses_are_skipped)
{
    char long_value[4096] = SIGNATURE "\x21\x11\x0f\xf0" IP4 "\xee\x0f\xe1";

    says(V2("\x21\x11\0\xf" IP4 "\4\0\0"), "192.0.2.1 4711");
    says(V2("\x21\x11\0\x17" IP4 "\5\0\1x\2\0\4host"), "192.0.2.1 4711");
    says(V2("\x21\0\0\4\1\0\1h"), "none");
    says(long_value, sizeof long_value, "192.0.2.1 4711");
    /* Longer than the header. */
    refused(V2("\x21\x11\0\xd" IP4 "\4"));
    refused(V2("\x21\x11\0\xe" IP4 "\4\0"));
    refused(V2("\x21\x11\0\xf" IP4 "\4\0\1"));
    refused(V2("\x21\x11\0\x10" IP4 "\4\xff\xffx"));
}
END_TEST

/* The checksum of a header as another implementation of CRC32c has it. */
START_TEST(test_a_checksum_has_to_fit)
{
    static const char good[] = SIGNATURE "\x21\x11\0\x13" IP4 "\3\0\4@@@@";
    char data[sizeof good - 1];
    struct gruvid__proxy_header header;

    memcpy(data, good, sizeof data);
    memcpy(data + sizeof data - 4, "\x4d\x3d\x37\xfa", 4);
    says(data, sizeof data, "192.0.2.1 4711");
    for (size_t i = 16; i < sizeof data; i++) {
        if (i >= 28 && i < 31) /* what makes it a checksum */
            continue;
        data[i] ^= 1;
        ck_assert_int_lt(read_copy(&header, data, sizeof data), 1);
        data[i] ^= 1;
    }
    refused(V2("\x21\x11\0\x12" IP4 "\3\0\3xyz"));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("proxy_header");
    TCase *tc = tcase_create("proxy_header");

    tcase_add_test(tc, test_lines_of_version_1_name_their_client);
    tcase_add_test(tc, test_malformed_lines_of_version_1_are_refused);
    tcase_add_test(tc, test_headers_of_version_2_name_their_client);
    tcase_add_test(tc, test_malformed_headers_of_version_2_are_refused);
    tcase_add_test(tc, test_values_behind_the_addresses_are_skipped);
    tcase_add_test(tc, test_a_checksum_has_to_fit);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
