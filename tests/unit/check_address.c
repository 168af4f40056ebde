/* SPDX-License-Identifier: MIT */
/* Addresses, from text and back. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "io/socket/address.h"
#include "support/suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* An address, and how it is written back; NULL: as it was. */
static const struct {
    const char *text, *back;
} literals[] = {
    {"tcp://127.0.0.1:7007", NULL},
    {"tcp://0.0.0.0:0", NULL},
    {"tcp://255.255.255.255:65535", NULL},
    {"tcp://127.0.0.1:00080", "tcp://127.0.0.1:80"},
    {"tcp://[::1]:0", NULL},
    {"tcp://[::]:65535", NULL},
    {"tcp://[2001:DB8:0:0:0:0:0:1]:80", "tcp://[2001:db8::1]:80"},
    {"tcp://[::ffff:1.2.3.4]:1", NULL},
    {"tcp://[fe80::1%1]:80", NULL},
    {"unix:/run/echo.sock", NULL},
    {"unix:relative.sock", NULL},
    {"unix:/with space/and:colon", NULL},
    {"unix:@abstract", NULL},
    {"unix:@a", NULL},
    {"unix:" HUNDRED "1234567", NULL},
    {"unix:@" HUNDRED "123456", NULL},
};

static const struct {
    const char *text, *host;
    unsigned port;
} names[] = {
    {"tcp://localhost:7007", "localhost", 7007},
    {"tcp://a:0", "a", 0},
    {"tcp://www.Example-1.test:80", "www.Example-1.test", 80},
    {"tcp://with_underscore.test.:1", "with_underscore.test.", 1},
    {"tcp://0x7f.test:1", "0x7f.test", 1},
    {"tcp://1.2.3.4.5a:1", "1.2.3.4.5a", 1},
};

static const char *const mistakes[] = {
    "",
    "tcp",
    "tcp:",
    "tcp://",
    "tcp://:80",
    "tcp://host",
    "tcp://host:",
    "tcp://host:x",
    "tcp://host:80x",
    "tcp://host: 80",
    "tcp://host:-1",
    "tcp://host:+1",
    "tcp://host:65536",
    "tcp://host:100000",
    "tcp://host:80/",
    "tcp:/host:80",
    "TCP://host:80",
    " tcp://host:80",
    "tcp://ho st:80",
    "tcp://host\n:80",
    "tcp://user@host:80",
    "tcp://-host:80",
    "tcp://.host:80",
    "tcp://a..b:80",
    "tcp://...:80",
    "tcp://127.1:80",
    "tcp://0x7f000001:1",
    "tcp://0x7f.1:80",
    "tcp://0X7F.0.0.1:80",
    "tls://0xa:443",
    "tcp://127.0.0.256:80",
    "tcp://127.0.0.1.1:80",
    "tcp://1:80",
    "tcp://*:80",
    "tcp://::1:80",
    "tcp://[::1]",
    "tcp://[::1]80",
    "tcp://[::1:80",
    "tcp://::1]:80",
    "tcp://[]:80",
    "tcp://[:80",
    "tcp://]:80",
    "tcp://[::1]]:80",
    "tcp://[[::1]:80",
    "tcp://[::g]:80",
    "tcp://[127.0.0.1]:80",
    "tcp://[localhost]:80",
    "tcp://[fe80::1%]:80",
    "tcp://[fe80::1%no-such-interface]:80",
    "tcp://[" HUNDRED "]:80",
    "tcp://a" HUNDRED HUNDRED HUNDRED ":80",
    "unix",
    "unix:",
    "unix:@",
    "http://host:80",
    "host:80",
    "127.0.0.1:80",
    "/run/echo.sock",
    "tls:host:80",
    "udp",
};

static const char *const others[] = {
    "udp://127.0.0.1:53",
    "udp://",
    "fd:3",
    "fd:",
};

START_TEST(test_an_address_is_read_and_written_back)
{
    const char *text = literals[_i].text, *back = literals[_i].back;
    struct gruvi__address address;
    char buf[256];

    ck_assert_int_eq(gruvi__address_parse(&address, text), 0);
    ck_assert_str_eq(address.host, "");
    ck_assert_int_eq(
        gruvi__address_format(&address.at, address.length, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, back == NULL ? text : back);
}
END_TEST

START_TEST(test_a_name_stays_a_name)
{
    struct gruvi__address address;

    ck_assert_int_eq(gruvi__address_parse(&address, names[_i].text), 0);
    ck_assert_str_eq(address.host, names[_i].host);
    ck_assert_uint_eq(address.port, names[_i].port);
    ck_assert(!gruvi__address_has_path(&address));
}
END_TEST

START_TEST(test_an_address_of_tls_is_one_of_tcp)
{
    struct gruvi__address address;

    ck_assert_int_eq(gruvi__address_parse(&address, "tls://[::1]:443"), 0);
    ck_assert(address.tls);
    ck_assert_uint_eq(ntohs(address.at.in6.sin6_port), 443);
    ck_assert_int_eq(gruvi__address_parse(&address, "tcp://[::1]:443"), 0);
    ck_assert(!address.tls);
    ck_assert_int_eq(gruvi__address_parse(&address, "tls://[::1]"), UV_EINVAL);
}
END_TEST

START_TEST(test_a_mistake_is_refused)
{
    struct gruvi__address address;

    ck_assert_msg(gruvi__address_parse(&address, mistakes[_i]) == UV_EINVAL,
                  "\"%s\" was taken", mistakes[_i]);
}
END_TEST

START_TEST(test_null_is_no_address)
{
    struct gruvi__address address;

    ck_assert_int_eq(gruvi__address_parse(&address, NULL), UV_EINVAL);
}
END_TEST

START_TEST(test_other_kinds_are_known_but_not_supported)
{
    struct gruvi__address address;

    ck_assert_int_eq(gruvi__address_parse(&address, others[_i]), UV_ENOTSUP);
}
END_TEST

START_TEST(test_a_path_has_to_fit_into_an_address)
{
    struct gruvi__address address;

    ck_assert_int_eq(gruvi__address_parse(&address, "unix:" HUNDRED "12345678"),
                     UV_ENAMETOOLONG);
    ck_assert_int_eq(gruvi__address_parse(&address, "unix:@" HUNDRED "1234567"),
                     UV_ENAMETOOLONG);
}
END_TEST

START_TEST(test_paths_and_abstract_names_are_told_apart)
{
    struct gruvi__address path, name;

    ck_assert_int_eq(gruvi__address_parse(&path, "unix:/a"), 0);
    ck_assert(gruvi__address_has_path(&path));
    ck_assert_uint_eq(path.length, offsetof(struct sockaddr_un, sun_path) + 3);
    ck_assert_int_eq(gruvi__address_parse(&name, "unix:@a"), 0);
    ck_assert(!gruvi__address_has_path(&name));
    ck_assert_uint_eq(name.length, offsetof(struct sockaddr_un, sun_path) + 2);
    ck_assert_mem_eq(name.at.un.sun_path, "\0a", 2);
}
END_TEST

START_TEST(test_every_digit_is_written)
{
    static const char *const texts[] = {
        "tcp://0.0.0.0:0",     "tcp://255.255.255.255:65535",
        "tcp://1.20.100.9:80", "tcp://203.0.113.7:10009",
        "tcp://127.0.0.1:1",
    };
    struct gruvi__address address;
    char buf[64];

    ck_assert_int_eq(gruvi__address_parse(&address, texts[_i]), 0);
    ck_assert_int_eq(
        gruvi__address_format(&address.at, address.length, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, texts[_i]);
}
END_TEST

START_TEST(test_what_does_not_fit_is_nothing)
{
    static const char text[] = "tcp://127.0.0.1:7007";
    struct gruvi__address address;
    char buf[64];

    ck_assert_int_eq(gruvi__address_parse(&address, text), 0);
    for (size_t len = 0; len < sizeof buf; len++) {
        int err;

        memset(buf, '#', sizeof buf);
        err = gruvi__address_format(&address.at, address.length, buf, len);
        if (len < sizeof text) {
            ck_assert_int_eq(err, UV_ENOBUFS);
            ck_assert_int_eq(buf[0], len == 0 ? '#' : '\0');
        } else {
            ck_assert_int_eq(err, 0);
            ck_assert_str_eq(buf, text);
        }
        ck_assert_int_eq(buf[len], '#');
    }
}
END_TEST

static void
check_unix(const char *path, size_t len, const char *text)
{
    union gruvi__sockaddr at = {.un.sun_family = AF_UNIX};
    char buf[128];

    memcpy(at.un.sun_path, path, len);
    len += offsetof(struct sockaddr_un, sun_path);
    ck_assert_int_eq(
        gruvi__address_format(&at, (socklen_t)len, buf, sizeof buf), 0);
    ck_assert_str_eq(buf, text);
}

START_TEST(test_a_socket_without_a_name_has_an_empty_one)
{
    check_unix("", 0, "unix:");
}
END_TEST

START_TEST(test_bytes_that_harm_a_line_are_not_written)
{
    check_unix("\0a\0b\n\x7f", 6, "unix:@a?b??");
    check_unix("/a\nb", 5, "unix:/a?b");
    check_unix("/caf\xc3\xa9", 7, "unix:/caf\xc3\xa9");
}
END_TEST

START_TEST(test_a_path_without_its_end_is_written)
{
    char full[sizeof((struct sockaddr_un *)0)->sun_path], text[128] = "unix:";

    memset(full, 'p', sizeof full);
    memset(text + 5, 'p', sizeof full);
    check_unix(full, sizeof full, text);
}
END_TEST

/* Texts that are nearly addresses: one of the tables with a few bytes that
 * are replaced, removed or doubled. */
static void
mangle(char *text, unsigned *seed)
{
    static const char bytes[] = ":/[]%@.-_0159afxz \n\x01\x80\xff";
    int changes = rand_r(seed) % 4;

    while (changes-- > 0 && text[0] != '\0') {
        size_t len = strlen(text), at = (size_t)rand_r(seed) % len;

        switch (rand_r(seed) % 3) {
        case 0:
            text[at] = bytes[(size_t)rand_r(seed) % (sizeof bytes - 1)];
            break;
        case 1:
            memmove(text + at, text + at + 1, len - at);
            break;
        default:
            memmove(text + at + 1, text + at, len - at + 1);
            break;
        }
    }
}

START_TEST(test_any_text_is_refused_or_survives_a_round_trip)
{
    const int count = COUNT(literals);
    struct gruvi__address address, again;
    char text[512], buf[512];
    unsigned seed = (unsigned)_i;
    int taken = 0;

    for (int round = 0; round < 20000; round++) {
        int which = rand_r(&seed) % (count + COUNT(mistakes));
        const char *from =
            which < count ? literals[which].text : mistakes[which - count];

        strcpy(text, from);
        mangle(text, &seed);
        if (gruvi__address_parse(&address, text) != 0 ||
            address.host[0] != '\0')
            continue;
        taken++;
        ck_assert_int_eq(
            gruvi__address_format(&address.at, address.length, buf, sizeof buf),
            0);
        if (strpbrk(text, "\n\x01") != NULL)
            continue;
        ck_assert_msg(gruvi__address_parse(&again, buf) == 0, "%s: %s", text,
                      buf);
        ck_assert_uint_eq(again.length, address.length);
        ck_assert_mem_eq(&again.at, &address.at, address.length);
    }
    ck_assert_int_gt(taken, 1000);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("address");
    TCase *tc = tcase_create("address");

    tcase_add_loop_test(tc, test_an_address_is_read_and_written_back, 0,
                        COUNT(literals));
    tcase_add_loop_test(tc, test_a_name_stays_a_name, 0, COUNT(names));
    tcase_add_test(tc, test_an_address_of_tls_is_one_of_tcp);
    tcase_add_loop_test(tc, test_a_mistake_is_refused, 0, COUNT(mistakes));
    tcase_add_test(tc, test_null_is_no_address);
    tcase_add_loop_test(tc, test_other_kinds_are_known_but_not_supported, 0,
                        COUNT(others));
    tcase_add_test(tc, test_a_path_has_to_fit_into_an_address);
    tcase_add_test(tc, test_paths_and_abstract_names_are_told_apart);
    tcase_add_loop_test(tc, test_every_digit_is_written, 0, 5);
    tcase_add_test(tc, test_what_does_not_fit_is_nothing);
    tcase_add_test(tc, test_a_socket_without_a_name_has_an_empty_one);
    tcase_add_test(tc, test_bytes_that_harm_a_line_are_not_written);
    tcase_add_test(tc, test_a_path_without_its_end_is_written);
    tcase_add_loop_test(tc, test_any_text_is_refused_or_survives_a_round_trip,
                        0, 5);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
