/* SPDX-License-Identifier: MIT */
/*
 * Every allocation fails once: the n-th, for each n there is, of libc, inih and
 * the code under test alike.  Whatever fails, nothing is lost or kept.
 *
 * malloc() and its family are those of this file, with those of glibc behind
 * them.  A sanitizer wants to be there itself, so under one nothing fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/config_fixture.h"
#include "support/suite.h"

static long countdown = -1; /* allocations until one fails; negative: none */
static bool failed;
static long live; /* allocations that were not freed */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED
static bool
fails(void)
{
    if (countdown < 0 || countdown-- > 0)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static void *
counted(void *memory)
{
    live += memory != NULL;
    return memory;
}

void *
malloc(size_t size)
{
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *
calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *
realloc(void *memory, size_t size)
{
    bool is_new = memory == NULL;

    if (fails())
        return NULL;
    memory = __libc_realloc(memory, size);
    return is_new ? counted(memory) : memory;
}

void
free(void *memory)
{
    live -= memory != NULL;
    __libc_free(memory);
}
#endif

static const gruvid_option_t options[] = {
    {.name = "text", .default_value = "x"},
    {.name = "ratio", .type = GRUVID_NUMBER},
    {.name = "names", .type = GRUVID_LIST, .default_value = "a\nb"},
    {.name = "secret", .type = GRUVID_SECRET},
    GRUVID_OPTIONS_END,
};

static const char *const overrides[] = {"log.level=debug", "plugin b.names=x",
                                        "plugin b.names=y",
                                        "plugin c.listen=unix:/c", "nonsense"};

/* 0 after all of it, with its mistakes; UV_ENOMEM. */
static int
load_all(FILE *out)
{
    gruvid__section_t *s = NULL;
    int err = gruvid__config_load(&config, path, overrides, N(overrides));

    if (err < 0) {
        ck_assert_ptr_null(config);
        return err;
    }
    while (err == 0 && (s = gruvid__config_next_plugin(config, s)) != NULL)
        err = gruvid__config_check_plugin(config, s, options, sizeof *options);
    gruvid__config_print_mistakes(config, out);
    return err;
}

static void
write_all(void)
{
    char text[1024];

    write_file(other, "[log]\nformat = json\nbad\n[plugin b]\nratio = 0.5\n",
               48);
    snprintf(text, sizeof text,
             "[gruvid]\ninclude = othe?\ninclude = %s\nhubs = 0\n[unknown]\n"
             "[log]\nlevle = 1\n[plugin a]\nsecret = file:%s\nnames = q\n"
             "[plugin b]\ntext = \"%0500d\"\nlisten = tcp://x:1\nratio = x\n",
             other, other, 1);
    write_file(path, text, strlen(text));
}

START_TEST(test_every_allocation_may_fail)
{
    FILE *null = fopen("/dev/null", "w");
    char complete[8192];
    size_t mistakes_there;
    long n, before = 0;

    ck_assert_ptr_nonnull(null);
    write_all();
    ck_assert_int_eq(load_all(null), 0);
    mistakes_there = gruvid__config_mistakes(config);
    strcpy(complete, mistakes());
    ck_assert_uint_gt(mistakes_there, 5);

    for (n = 0, failed = true; failed; n++) {
        int err;

        gruvid__config_free(config);
        config = NULL;
        before = n == 0 ? live : before;
        ck_assert_int_eq(live, before);
        failed = false;
        countdown = n;
        err = load_all(null);
        countdown = -1;
        ck_assert(err == 0 || err == UV_ENOMEM);
        /* Not noticed is allowed only if nothing was lost by it. */
        if (err == 0) {
            ck_assert_uint_eq(gruvid__config_mistakes(config), mistakes_there);
            ck_assert_str_eq(mistakes(), complete);
        }
    }
    fclose(null);
#ifndef SANITIZED
    ck_assert_int_gt(n, 100);
#endif
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("config memory");
    TCase *memory = tcase_create("memory");

    tcase_add_checked_fixture(memory, open_folder, close_folder);
    tcase_set_timeout(memory, 60);
    tcase_add_test(memory, test_every_allocation_may_fail);
    suite_add_tcase(suite, memory);
    return run_suite(suite);
}
