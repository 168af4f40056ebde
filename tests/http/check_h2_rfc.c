/* SPDX-License-Identifier: MIT */
/* All scripts of frames/, played to one gruvid; some of them by TLS, too. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "http/h2_script.h"

/* Of so many scripts one is played by TLS. */
#define SOME 6

static struct h2_script *scripts;
static struct gruvid *g;
static int port;
static bool impatient;

static const struct h2_script *
script_at(int n)
{
    const struct h2_script *script = scripts;

    while (n-- > 0)
        script = script->next;
    return script;
}

START_TEST(test_each_script)
{
    const struct h2_script *script = script_at(_i);
    int fd = connect_port(port);

    if (impatient)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){1, 0},
                   sizeof(struct timeval));
    h2_script_play(script, h2_begin(fd, !script->nothing));
}
END_TEST

/* $H2_PORT is the port of another server, to look at what it does, and
 * $H2_IMPATIENT is for those who wait for it. */
static void
begin(void)
{
    const char *other = getenv("H2_PORT");

    impatient = getenv("H2_IMPATIENT") != NULL;
    if (other == NULL)
        g = http_begin("");
    port = other != NULL ? atoi(other) : gruvid_port(g, 0);
}

/* All that it was sent has done it no harm. */
static void
end(void)
{
    if (g != NULL) {
        ck_assert_int_eq(gruvid_stop(g, SIGTERM), 0);
    }
    gruvid_end_all();
}

#ifdef HAVE_OPENSSL

START_TEST(test_some_scripts_by_tls)
{
    const struct h2_script *script = script_at(_i * SOME);

    h2_script_play(script, h2_begin_tls(connect_port(port), !script->nothing));
}
END_TEST

static void
begin_secure(void)
{
    g = h2_secure_gruvid(&port);
}

static void
add_secure(Suite *suite, int n)
{
    TCase *tc = tcase_create("tls");

    tcase_add_unchecked_fixture(tc, begin_secure, end);
    tcase_set_timeout(tc, 2 * PATIENCE);
    tcase_add_loop_test(tc, test_some_scripts_by_tls, 0, (n + SOME - 1) / SOME);
    suite_add_tcase(suite, tc);
}

#else

static void
add_secure(Suite *suite, int n)
{
    (void)suite;
    (void)n;
}

#endif

int
main(void)
{
    Suite *suite = suite_create("h2_rfc");
    TCase *tc = tcase_create("rfc");
    int n = 0, status;

    scripts = h2_scripts_read();
    for (const struct h2_script *s = scripts; s != NULL; s = s->next)
        n++;
    tcase_add_unchecked_fixture(tc, begin, end);
    tcase_set_timeout(tc, 2 * PATIENCE);
    tcase_add_loop_test(tc, test_each_script, 0, n);
    suite_add_tcase(suite, tc);
    if (getenv("H2_PORT") == NULL)
        add_secure(suite, n);
    status = run_suite(suite);
    h2_scripts_free(scripts);
    return status;
}
