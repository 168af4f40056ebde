/* SPDX-License-Identifier: MIT */
/* Which peers a section trusts: trusted_proxy. */
#include <stdbool.h>
#include <string.h>

#include "config/internal.h"
#include "support/suite.h"

static struct gruvid__proxies *
proxies_of(const char *first, const char *second, bool header)
{
    const char *const list[] = {first, second, NULL};
    struct gruvid__proxies *proxies = gruvid__proxies_new(list, 2, header);

    ck_assert_ptr_nonnull(proxies);
    return proxies;
}

/* --- what is a network ------------------------------------------------------
 */

static const struct {
    const char *text, *why; /* NULL: it is good */
} texts[] = {
    {"", NULL},
    {"unix:", NULL},
    {"192.0.2.1", NULL},
    {"10.0.0.0/8", NULL},
    {"0.0.0.0/0", NULL},
    {"192.0.2.128/25", NULL},
    {"2001:db8::/33", NULL},
    {"::ffff:10.0.0.0/104", NULL},
    {"::ffff:10.0.0.0/95", "is not a network"},
    {"10.0.0.0/33", "is not a network"},
    {"10.0.0.0/", "is not a network"},
    {"10.0.0.0/08", "is not a network"},
    {"10.0.0.0/1000", "is not a network"},
    {"10.0.0.0/8x", "is not a network"},
    {"fd00::/129", "is not a network"},
    {"10.0.0", "is not a network"},
    {"localhost", "is not a network"},
    {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", "is not a network"},
    {"192.0.2.129/25", "has bits behind its prefix"},
    {"192.0.2.64/25", "has bits behind its prefix"},
    {"2001:db8:4000::/33", "has bits behind its prefix"},
};

START_TEST(test_a_network_is_an_address_and_the_length_of_its_prefix)
{
    gruvid__why_t why;

    if (texts[_i].why == NULL) {
        ck_assert(gruvid__accept_proxy(texts[_i].text, &why));
        return;
    }
    ck_assert(!gruvid__accept_proxy(texts[_i].text, &why));
    ck_assert_ptr_nonnull(strstr(why.text, texts[_i].why));
}
END_TEST

/* --- who is in it -----------------------------------------------------------
 */

static const struct {
    const char *network, *peer;
    bool is_in;
} peers[] = {
    {"192.0.2.1", "tcp://192.0.2.1:4711", true},
    {"192.0.2.1", "tls://192.0.2.1:4711", true},
    {"192.0.2.1", "192.0.2.1", true},
    {"192.0.2.1", "tcp://192.0.2.2:4711", false},
    {"10.0.0.0/8", "tcp://10.255.0.1:1", true},
    {"10.0.0.0/8", "tcp://11.0.0.1:1", false},
    /* A prefix ends in the middle of a byte. */
    {"172.16.0.0/12", "tcp://172.31.255.255:1", true},
    {"172.16.0.0/12", "tcp://172.32.0.0:1", false},
    {"172.16.0.0/12", "tcp://172.15.255.255:1", false},
    {"192.0.2.128/25", "tcp://192.0.2.128:1", true},
    {"192.0.2.128/25", "tcp://192.0.2.127:1", false},
    {"2001:db8::/33", "tcp://[2001:db8:7fff::1]:1", true},
    {"2001:db8::/33", "tcp://[2001:db8:8000::1]:1", false},
    {"0.0.0.0/0", "tcp://203.0.113.9:1", true},
    /* IPv4 and IPv6 are apart, but for addresses that are IPv4 in IPv6. */
    {"0.0.0.0/0", "tcp://[2001:db8::1]:1", false},
    {"::/0", "tcp://192.0.2.1:1", false},
    {"10.0.0.0/8", "tcp://[::ffff:10.1.2.3]:1", true},
    {"::ffff:10.0.0.0/104", "tcp://10.1.2.3:1", true},
    {"fe80::/10", "tcp://[fe80::1%2]:1", true},
    {"fe80::/10", "fe80::1%2", true},
    /* No socket file, and nobody who cannot be told, is in a network. */
    {"0.0.0.0/0", "unix:", false},
    {"0.0.0.0/0", "tcp://", false},
    {"0.0.0.0/0", "tcp://192.0.2:1", false},
    {"::/0", "tcp://[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
     false},
    {"unix:", "unix:/run/s", true},
    {"unix:", "tcp://192.0.2.1:1", false},
};

START_TEST(test_a_peer_is_trusted_whose_first_bits_are_those)
{
    struct gruvid__proxies *proxies =
        proxies_of(peers[_i].network, NULL, false);
    struct gruvid__proxies *two =
        proxies_of("198.51.100.7", peers[_i].network, false);

    ck_assert_int_eq(gruvid__proxies_trust(proxies, peers[_i].peer),
                     peers[_i].is_in);
    ck_assert_int_eq(gruvid__proxies_trust(two, peers[_i].peer),
                     peers[_i].is_in);
    gruvid__proxies_free(proxies);
    gruvid__proxies_free(two);
}
END_TEST

START_TEST(test_a_reload_sees_each_change)
{
    static const struct {
        const char *first, *second;
        bool header;
    } others[] = {
        {"10.0.0.0/8", "unix:", true},  {"10.0.0.0/8", NULL, false},
        {"10.0.0.0/9", "unix:", false}, {"11.0.0.0/8", "unix:", false},
        {"a00::/8", "unix:", false},    {"unix:", NULL, false},
    };
    struct gruvid__proxies *a = proxies_of("10.0.0.0/8", "unix:", false);
    struct gruvid__proxies *same = proxies_of("unix:", "10.0.0.0/8", false);

    ck_assert(gruvid__proxies_equal(a, same));
    ck_assert(!gruvid__proxies_send_header(a));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct gruvid__proxies *b =
            proxies_of(others[i].first, others[i].second, others[i].header);

        ck_assert(!gruvid__proxies_equal(a, b));
        ck_assert(!gruvid__proxies_equal(b, a));
        ck_assert_int_eq(gruvid__proxies_send_header(b), others[i].header);
        gruvid__proxies_free(b);
    }
    gruvid__proxies_free(a);
    gruvid__proxies_free(same);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config_network");
    TCase *tc = tcase_create("config_network");

    tcase_add_loop_test(
        tc, test_a_network_is_an_address_and_the_length_of_its_prefix, 0,
        sizeof texts / sizeof *texts);
    tcase_add_loop_test(tc, test_a_peer_is_trusted_whose_first_bits_are_those,
                        0, sizeof peers / sizeof *peers);
    tcase_add_test(tc, test_a_reload_sees_each_change);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
