/* SPDX-License-Identifier: MIT */
/* Who may look, and who may act.  Only root can be another user. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/control_client.h"

/* A user and groups that Debian has, and a user that it has not. */
#define DAEMON   1
#define STRANGER 54321
#define NOBODY   65534

#define GROUP   CONTROL "control_group = daemon\n"
#define ALLOWED "\"ok\":true"
#define DENIED  "\"code\":\"EPERM\""

struct person {
    uid_t uid;
    gid_t gid;
    size_t n_groups;
    const gid_t *groups;
};

static const struct person stranger = {STRANGER, STRANGER, 0, NULL};

static void
become(const struct person *person)
{
    if (setgroups(person->n_groups, person->groups) < 0 ||
        setresgid(person->gid, person->gid, person->gid) < 0 ||
        setresuid(person->uid, person->uid, person->uid) < 0)
        _exit(99);
}

/* Ask as somebody else; what the answer contains.  "": no connection. */
static void
expect_as(const struct gruvid *g, const struct person *person, const char *line,
          const char *text)
{
    const char *path = gruvid_path(g, "control.sock");
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        int fd;

        become(person);
        fd = connect_unix(path);
        if (fd < 0)
            _exit(*text == '\0' && errno == EACCES ? 0 : 1);
        expect_answer(ask(fd, line), text);
        _exit(*text == '\0');
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "uid %u, %s: not '%s' (%#x)", (unsigned)person->uid, line,
                  text, (unsigned)status);
}

/* A gruvid whose folder others may enter; NULL: we are not root. */
static struct gruvid *
open_gruvid(const char *config)
{
    struct gruvid *g;

    if (geteuid() != 0) {
        fputs("not root: left out\n", stderr);
        return NULL;
    }
    g = gruvid_ready(config, NULL);
    ck_assert_int_eq(chmod(g->dir, 0755), 0);
    return g;
}

/* By the first group, or by another, also the last of many. */
START_TEST(test_members_of_the_group_may_look_and_not_act)
{
    struct gruvid *g = open_gruvid(GROUP);
    gid_t many[200];
    const struct person members[] = {
        {STRANGER, DAEMON, 0, NULL},
        {STRANGER, STRANGER, 1, (const gid_t[]){DAEMON}},
        {STRANGER, STRANGER, 200, many},
    };

    for (gid_t i = 0; i < 200; i++)
        many[i] = i == 199 ? DAEMON : 1000 + i;
    for (size_t i = 0; g != NULL && i < 3; i++) {
        const struct person *member = &members[i];

        expect_as(g, member, "{\"do\":\"hello\"}", "\"may_act\":false");
        expect_as(g, member, "{\"do\":\"status\"}", ALLOWED);
        expect_as(g, member, "{\"do\":\"plugins\"}", ALLOWED);
        expect_as(g, member, "{\"do\":\"config\"}", ALLOWED);
        expect_as(g, member, "{\"do\":\"stop\"}", DENIED);
        expect_as(g, member, "{\"do\":\"reload\"}", DENIED);
        expect_as(g, member, "{\"do\":\"restart\",\"plugin\":\"x\"}", DENIED);
        expect_as(g, member, "{\"do\":\"log-level\",\"level\":\"debug\"}",
                  DENIED);
        expect_as(g, member, "{\"do\":\"log\"}", DENIED);
        expect_as(g, member, "{\"do\":\"trace\"}", DENIED);
        expect_as(g, member, "{\"do\":\"fibers\"}", ALLOWED);
        expect_as(g, member, "{\"do\":\"fibers\",\"stacks\":true}", DENIED);
    }
}
END_TEST

/* The commands that hello names are those that work. */
START_TEST(test_hello_names_what_is_allowed)
{
    struct gruvid *g = open_gruvid(GROUP);
    const struct person member = {STRANGER, DAEMON, 0, NULL};

    if (g == NULL)
        return;
    expect_as(g, &member, "{\"do\":\"hello\"}", "\"config\"");
    expect_answer(ask_once(g, "{\"do\":\"hello\"}"), "\"stop\"");
    if (fork() == 0) {
        become(&member);
        _exit(strstr(ask_once(g, "{\"do\":\"hello\"}"), "stop") != NULL);
    } else {
        int status;

        wait(&status);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

START_TEST(test_strangers_do_not_get_in)
{
    struct gruvid *g = open_gruvid(GROUP);

    if (g == NULL)
        return;
    expect_as(g, &stranger, "{\"do\":\"hello\"}", "");
    /* Somebody was careless with the file. */
    ck_assert_int_eq(chmod(gruvid_path(g, "control.sock"), 0666), 0);
    expect_as(g, &stranger, "{\"do\":\"hello\"}", DENIED);
}
END_TEST

START_TEST(test_gruvids_own_user_and_root_may_act)
{
    struct gruvid *g = open_gruvid(GROUP "user = daemon\n");
    const struct person own = {DAEMON, STRANGER, 0, NULL};
    struct stat st;

    if (g == NULL)
        return;
    ck_assert_int_eq(stat(gruvid_path(g, "control.sock"), &st), 0);
    ck_assert_uint_eq(st.st_uid, DAEMON);
    ck_assert_uint_eq(st.st_gid, DAEMON);
    expect_as(g, &own, "{\"do\":\"hello\"}", "\"may_act\":true");
    expect_answer(ask_once(g, "{\"do\":\"hello\"}"), "\"may_act\":true");
    expect_as(g, &own, "{\"do\":\"stop\"}", "\"status\":0");
    ck_assert_int_eq(gruvid_wait(g), 0);
}
END_TEST

/* 65534 is whoever has no name here. */
START_TEST(test_uid_65534_is_nobody_in_particular)
{
    struct gruvid *g = open_gruvid(CONTROL "user = nobody\n");
    const struct person nobody = {NOBODY, NOBODY, 0, NULL};

    if (g == NULL)
        return;
    expect_as(g, &nobody, "{\"do\":\"hello\"}", DENIED);
    expect_answer(ask_once(g, "{\"do\":\"hello\"}"), "\"may_act\":true");
}
END_TEST

START_TEST(test_places_are_counted_for_each_user)
{
    struct gruvid *g = open_gruvid(GROUP);
    const struct person member = {STRANGER, DAEMON, 0, NULL};
    int status;
    pid_t pid;

    if (g == NULL)
        return;
    pid = fork();
    if (pid == 0) {
        become(&member);
        for (int i = 0; i < 64; i++)
            expect_answer(ask(connect_control(g), "{\"do\":\"hello\"}"),
                          ALLOWED);
        expect_answer(read_answer(connect_control(g)), "has 64 connections");
        /* The parent ends the places, and with them this. */
        kill(getpid(), SIGSTOP);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    ck_assert(WIFSTOPPED(status));
    expect_answer(ask_once(g, "{\"do\":\"hello\"}"), ALLOWED);
    kill(pid, SIGCONT);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_a_group_that_cannot_be_given_ends_the_start)
{
    struct gruvid *g;
    int status;
    pid_t pid;

    if (geteuid() != 0)
        return;
    pid = fork();
    if (pid == 0) {
        const char *dir = getenv("top_builddir");
        char program[512];

        become(&stranger);
        snprintf(program, sizeof program, "%s/.libs/gruvid",
                 dir == NULL ? "." : dir);
        if (access(program, X_OK) < 0)
            _exit(0); /* the build is in a folder of root's */
        g = gruvid_run(GROUP, NULL);
        gruvid_says(g, "SupplementaryGroups=");
        _exit(g->status != 69);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("control rights");
    TCase *tc = gruvid_case(suite, "rights");

    tcase_add_test(tc, test_members_of_the_group_may_look_and_not_act);
    tcase_add_test(tc, test_hello_names_what_is_allowed);
    tcase_add_test(tc, test_strangers_do_not_get_in);
    tcase_add_test(tc, test_gruvids_own_user_and_root_may_act);
    tcase_add_test(tc, test_uid_65534_is_nobody_in_particular);
    tcase_add_test(tc, test_places_are_counted_for_each_user);
    tcase_add_test(tc, test_a_group_that_cannot_be_given_ends_the_start);
    return run_suite(suite);
}
