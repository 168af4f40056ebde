/* SPDX-License-Identifier: MIT */
/* Targets, routes, and which route a request takes. */
#include "route/path.h"
#include "route/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

/* --- paths ---------------------------------------------------------------- */

static const struct {
    const char *target, *path; /* NULL: it is none */
} paths[] = {
    {"/", "/"},
    {"/a", "/a"},
    {"/a/", "/a/"},
    {"/a?b/c", "/a"},
    {"/?", "/"},
    /* Decoded once. */
    {"/%61%2e%2E%42", "/a..B"},
    {"/%2561", "/%61"},
    {"/a%20b+c", "/a b+c"},
    {"/%c3%a4\xc3\xa4", "/\xc3\xa4\xc3\xa4"},
    /* Inner segments that are empty. */
    {"//a", "/a"},
    {"/a//b///c", "/a/b/c"},
    {"/a//", "/a/"},
    {"//", "/"},
    /* Dots are only refused as a whole segment. */
    {"/...", "/..."},
    {"/a.", "/a."},
    {"/.a/..b", "/.a/..b"},
    {"/.", NULL},
    {"/..", NULL},
    {"/./a", NULL},
    {"/a/../b", NULL},
    {"/a/..?b", NULL},
    {"/%2e", NULL},
    {"/a/%2E%2e/b", NULL},
    {"/.%2e", NULL},
    /* What is no segment. */
    {"/a%2fb", NULL},
    {"/a%5cb", NULL},
    {"/a\\b", NULL},
    {"/a%00b", NULL},
    {"/a%1fb", NULL},
    {"/a%0a", NULL},
    {"/a%7f", NULL},
    {"/a\x01", NULL},
    /* Malformed. */
    {"/%", NULL},
    {"/%6", NULL},
    {"/%6g", NULL},
    {"/%g6", NULL},
    {"/%%61", NULL},
    {"/a#b", NULL},
    {"", NULL},
    {"a", NULL},
    {"*", NULL},
    {"?/", NULL},
};

START_TEST(test_a_path_is_decoded_once_and_checked)
{
    char path[100];
    bool is = gruvid__path_decode(path, paths[_i].target);

    ck_assert_msg(is == (paths[_i].path != NULL), "%s", paths[_i].target);
    if (is)
        ck_assert_str_eq(path, paths[_i].path);
}
END_TEST

static const struct {
    const char *target, *name, *value; /* NULL: there is none */
} queries[] = {
    {"/?a=1", "a", "1"},
    {"/?a=1&b=2", "b", "2"},
    {"/?a=1&a=2", "a", "1"},
    {"/?a", "a", ""},
    {"/?a=", "a", ""},
    {"/?a&b", "b", ""},
    {"/?&&a=1", "a", "1"},
    {"/?a=b=c", "a", "b=c"},
    {"/?a=x+y%2bz", "a", "x y+z"},
    {"/?x+y=1", "x y", "1"},
    {"/?%61=1", "a", "1"},
    {"/?a=%2561", "a", "%61"},
    {"/?a=b?c", "a", "b?c"},
    {"/", "a", NULL},
    {"/?", "a", NULL},
    {"/?ab=1", "a", NULL},
    {"/?a=1", "ab", NULL},
    {"/?A=1", "a", NULL},
    {"/?a=%", "a", NULL},
    {"/?a=%g0", "a", NULL},
    {"/?a=x%00y", "a", NULL},
    {"/?a%00=1", "a", NULL},
    {"/?%=1&a=2", "a", "2"},
};

START_TEST(test_a_parameter_is_found_and_decoded)
{
    char value[100];
    const char *query = gruvid__path_query(queries[_i].target);
    bool is = gruvid__query_find(value, query, queries[_i].name);

    ck_assert_msg(is == (queries[_i].value != NULL), "%s", queries[_i].target);
    if (is)
        ck_assert_str_eq(value, queries[_i].value);
}
END_TEST

/* --- routes as text ------------------------------------------------------- */

/* All memory of a test. */
static struct {
    void *at[1000];
    size_t n;
} memory;

static void *
allocate(void *arg, size_t n, size_t size)
{
    void *piece = calloc(n, size);

    (void)arg;
    ck_assert(piece != NULL && memory.n < 1000);
    return memory.at[memory.n++] = piece;
}

static const struct gruvid__memory pieces = {allocate, NULL};

static void
free_memory(void)
{
    while (memory.n > 0)
        free(memory.at[--memory.n]);
}

static const struct {
    const char *route, *why;
} mistakes[] = {
    {"/a", "it is not of the form PATTERN -> TARGET"},
    {"", "it is not of the form PATTERN -> TARGET"},
    {"/a ->", "nothing is behind \"->\""},
    {"/a ->  ", "nothing is behind \"->\""},
    {"a -> b", "its methods are not of the form GET,POST"},
    {"get /a -> b", "its methods are not of the form GET,POST"},
    {"GET,, /a -> b", "its methods are not of the form GET,POST"},
    {"GET, /a -> b", "its methods are not of the form GET,POST"},
    {"GET,POST,GET /a -> b", "the method GET is there twice"},
    {"POST,GET,GET /a -> b", "the method GET is there twice"},
    {"GET a -> b", "its path does not begin with \"/\""},
    {"GET -> b", "its path does not begin with \"/\""},
    {"GET /a b -> c", "there is more than methods and a path before \"->\""},
    {"/a b -> c", "there is more than methods and a path before \"->\""},
    {"example.org:80/a -> b", "the host has a port; ports are not looked at"},
    {"/a//b -> c", "it has an empty segment"},
    {"/.. -> c", "\"..\" cannot be a part of a path"},
    {"/a%2fb -> c", "\"a%2fb\" cannot be a part of a path"},
    {"/a?b -> c", "\"a?b\" cannot be a part of a path"},
    {"/{} -> c", "\"{}\" is not {name} or {name...}; a name has letters, "
                 "digits, _ and -"},
    {"/{...} -> c", "\"{...}\" is not {name} or {name...}; a name has letters, "
                    "digits, _ and -"},
    {"/{a -> c", "\"{a\" is not {name} or {name...}; a name has letters, "
                 "digits, _ and -"},
    {"/{ -> c", "\"{\" is not {name} or {name...}; a name has letters, "
                "digits, _ and -"},
    {"/x{a} -> c", "\"x{a}\": {name} and * stand for whole segments"},
    {"/{a}x -> c", "\"{a}x\" is not {name} or {name...}; a name has letters, "
                   "digits, _ and -"},
    {"/a* -> c", "\"a*\": {name} and * stand for whole segments"},
    {"/{a...}/b -> c", "what stands for the rest has to be last"},
    {"/*/b -> c", "what stands for the rest has to be last"},
    {"/* / -> c", "there is more than methods and a path before \"->\""},
    {"/{a}/{a} -> c", "the name {a} is there twice"},
    {"/{a}/{a...} -> c", "the name {a} is there twice"},
    {"/* -> static:b", "static: needs the absolute path of a folder"},
    {"/a -> static:/b",
     "static: needs {name...} or * at the end of the pattern"},
};

START_TEST(test_a_route_that_is_none_is_explained)
{
    struct gruvid__pattern pattern;
    char why[200] = "";

    ck_assert(!gruvid__pattern_parse(&pattern, mistakes[_i].route, &pieces, why,
                                     sizeof why));
    ck_assert_str_eq(why, mistakes[_i].why);
    free_memory();
}
END_TEST

START_TEST(test_a_route_is_read)
{
    struct gruvid__pattern pattern;
    char why[200];

    ck_assert(gruvid__pattern_parse(
        &pattern, " GET,M-SEARCH  Example.org/a%20b/{id}/{rest...}->users ",
        &pieces, why, sizeof why));
    ck_assert_str_eq(pattern.text, "Example.org/a%20b/{id}/{rest...}");
    ck_assert_str_eq(pattern.methods[0], "GET");
    ck_assert_str_eq(pattern.methods[1], "M-SEARCH");
    ck_assert_ptr_null(pattern.methods[2]);
    ck_assert_str_eq(pattern.host, "Example.org");
    ck_assert_uint_eq(pattern.n_segments, 3);
    ck_assert_str_eq(pattern.segments[0].text, "a b");
    ck_assert_str_eq(pattern.segments[1].text, "id");
    ck_assert_str_eq(pattern.segments[2].text, "rest");
    ck_assert_str_eq(pattern.target, "users");
    ck_assert_ptr_null(pattern.folder);
    ck_assert(gruvid__pattern_parse(&pattern, "/f/* -> static:/srv/www",
                                    &pieces, why, sizeof why));
    ck_assert_ptr_null(pattern.methods);
    ck_assert_ptr_null(pattern.host);
    ck_assert_str_eq(pattern.folder, "/srv/www");
    free_memory();
}
END_TEST

static const struct {
    const char *pattern, *path;
    bool fits;
} fits[] = {
    {"/", "/", true},
    {"/", "/a", false},
    {"/a", "/a", true},
    {"/a", "/a/", false},
    {"/a/", "/a/", true},
    {"/a/", "/a", false},
    {"/a", "/ab", false},
    {"/a", "/A", false},
    {"/{x}", "/a", true},
    {"/{x}", "/", false},
    {"/{x}", "/a/b", false},
    {"/{x}/", "/a/", true},
    {"/a/{x}/b", "/a/x/b", true},
    {"/a/{x}/b", "/a//b", false},
    {"/{x...}", "/a/b/c", true},
    {"/{x...}", "/a/", true},
    {"/{x...}", "/", false},
    {"/f/{x...}", "/f/a", true},
    {"/f/{x...}", "/f", false},
    {"/f/{x...}", "/f/", false},
    {"/f/*", "/f/a/b", true},
};

START_TEST(test_a_pattern_fits_a_path)
{
    struct gruvid__pattern pattern;
    char route[100], why[200];

    snprintf(route, sizeof route, "%s -> t", fits[_i].pattern);
    ck_assert_msg(
        gruvid__pattern_parse(&pattern, route, &pieces, why, sizeof why), "%s",
        why);
    ck_assert_msg(gruvid__pattern_fits(&pattern, fits[_i].path) ==
                      fits[_i].fits,
                  "%s %s", fits[_i].pattern, fits[_i].path);
    free_memory();
}
END_TEST

START_TEST(test_parts_of_a_path_have_names)
{
    struct gruvid__pattern pattern;
    const char *path = "/a/seven/b/c/d", *at;
    char why[200];
    size_t length;

    ck_assert(gruvid__pattern_parse(&pattern, "/a/{id}/{rest...} -> t", &pieces,
                                    why, sizeof why));
    at = gruvid__pattern_param(&pattern, path, "id", &length);
    ck_assert(at == path + 3 && length == 5);
    at = gruvid__pattern_param(&pattern, path, "rest", &length);
    ck_assert(at == path + 9 && length == 5);
    ck_assert_ptr_null(gruvid__pattern_param(&pattern, path, "a", &length));
    free_memory();
}
END_TEST

/* --- which one is taken --------------------------------------------------- */

static struct gruvid__routes *
table(const char *const *items)
{
    struct gruvid__routes *routes;
    const char *wrong;
    char why[300] = "";
    size_t n = 0;

    while (items[n] != NULL)
        n++;
    routes = gruvid__routes_make(items, n, &pieces, &wrong, why, sizeof why);
    ck_assert_msg(routes != NULL, "%s", why);
    return routes;
}

static const char *const some[] = {
    "/{all...} -> rest",
    "GET /r/{id}/edit -> edit",
    "GET /r/new -> new",
    "GET /r/{id} -> one",
    "POST /r/{id} -> post",
    "/f/* -> files",
    "example.org/r/new -> host",
    "example.org/only -> only",
    "[::1]/r/new -> v6",
    "HEAD /h -> head",
    "GET /h -> get",
    "GET /m -> get",
    "/m -> other",
    NULL,
};

static const struct {
    const char *method, *host, *path, *target; /* NULL: none */
} found[] = {
    {"GET", NULL, "/r/new", "new"},
    {"GET", NULL, "/r/7", "one"},
    /* A literal that leads nowhere is taken back. */
    {"GET", NULL, "/r/new/edit", "edit"},
    {"GET", NULL, "/r/new/else", "rest"},
    {"POST", NULL, "/r/new", "post"},
    {"PUT", NULL, "/r/new", "rest"},
    {"GET", NULL, "/f/a/b", "files"},
    {"GET", NULL, "/f/", "rest"},
    {"GET", NULL, "/", NULL},
    /* Hosts: exact, without case and port; and back to routes without one. */
    {"GET", "example.org", "/r/new", "host"},
    {"GET", "EXAMPLE.org:8080", "/r/new", "host"},
    {"GET", "www.example.org", "/r/new", "new"},
    {"GET", "example.or", "/r/new", "new"},
    {"GET", "example.org", "/r/7", "one"},
    {"GET", "", "/only", "rest"},
    {"GET", "[::1]:80", "/r/new", "v6"},
    {"GET", "[::1]", "/r/new", "v6"},
    /* GET implies HEAD, unless that has its own. */
    {"HEAD", NULL, "/r/new", "new"},
    {"HEAD", NULL, "/h", "head"},
    {"GET", NULL, "/h", "get"},
    {"get", NULL, "/r/new", "rest"},
    {"GET", NULL, "/m", "get"},
    {"POST", NULL, "/m", "other"},
};

START_TEST(test_the_most_particular_route_is_taken)
{
    const struct gruvid__route *route = gruvid__routes_find(
        table(some), found[_i].method, found[_i].host, found[_i].path);

    ck_assert_msg((route == NULL) == (found[_i].target == NULL), "%s %s",
                  found[_i].method, found[_i].path);
    if (route != NULL)
        ck_assert_msg(strcmp(route->pattern.target, found[_i].target) == 0,
                      "%s %s: %s, not %s", found[_i].method, found[_i].path,
                      route->pattern.target, found[_i].target);
    free_memory();
}
END_TEST

START_TEST(test_methods_of_a_path_are_listed)
{
    static const char *const items[] = {"POST /a -> x", "GET,PUT /a -> y",
                                        "b/a -> z", NULL};
    struct gruvid__routes *routes = table(items);
    char allow[100], little[10];

    ck_assert(gruvid__routes_allow(routes, NULL, "/a", allow, sizeof allow));
    ck_assert_str_eq(allow, "POST, GET, HEAD, PUT");
    ck_assert(!gruvid__routes_allow(routes, NULL, "/b", allow, sizeof allow));
    ck_assert_str_eq(allow, "");
    ck_assert(gruvid__routes_allow(routes, "b", NULL, allow, sizeof allow));
    ck_assert_str_eq(allow, "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    ck_assert(gruvid__routes_allow(routes, NULL, "/a", little, sizeof little));
    ck_assert_str_eq(little, "POST, GET");
    free_memory();
}
END_TEST

static const struct {
    const char *a, *b;
    bool clash;
} clashes[] = {
    {"/a -> x", "/a -> y", true},
    {"/{a}/b -> x", "/{c}/b -> y", true},
    {"/{a...} -> x", "/* -> y", true},
    {"h/a -> x", "H/a -> y", true},
    {"/%61 -> x", "/a -> y", true},
    {"GET /a -> x", "POST,GET /a -> y", true},
    {"GET /a -> x", "POST /a -> y", false},
    {"GET /a -> x", "/a -> y", false},
    {"GET /a -> x", "HEAD /a -> y", false},
    {"h/a -> x", "/a -> y", false},
    {"/a -> x", "/a/ -> y", false},
    {"/{a} -> x", "/{a...} -> y", false},
};

START_TEST(test_the_same_pattern_twice_is_a_mistake)
{
    const char *items[] = {clashes[_i].a, "/between -> z", clashes[_i].b};
    const char *wrong;
    char why[300] = "";
    bool clash =
        gruvid__routes_make(items, 3, &pieces, &wrong, why, sizeof why) == NULL;

    ck_assert_msg(clash == clashes[_i].clash, "%s %s", clashes[_i].a,
                  clashes[_i].b);
    if (clash) {
        ck_assert_ptr_nonnull(strstr(why, "are the same pattern"));
        ck_assert(wrong == items[0] || wrong == items[2]);
    }
    free_memory();
}
END_TEST

#define ROWS(array) (int)(sizeof(array) / sizeof *(array))

int
main(void)
{
    Suite *suite = suite_create("route");
    TCase *tc = tcase_create("routes");

    tcase_add_loop_test(tc, test_a_path_is_decoded_once_and_checked, 0,
                        ROWS(paths));
    tcase_add_loop_test(tc, test_a_parameter_is_found_and_decoded, 0,
                        ROWS(queries));
    tcase_add_loop_test(tc, test_a_route_that_is_none_is_explained, 0,
                        ROWS(mistakes));
    tcase_add_test(tc, test_a_route_is_read);
    tcase_add_loop_test(tc, test_a_pattern_fits_a_path, 0, ROWS(fits));
    tcase_add_test(tc, test_parts_of_a_path_have_names);
    tcase_add_loop_test(tc, test_the_most_particular_route_is_taken, 0,
                        ROWS(found));
    tcase_add_test(tc, test_methods_of_a_path_are_listed);
    tcase_add_loop_test(tc, test_the_same_pattern_twice_is_a_mistake, 0,
                        ROWS(clashes));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
