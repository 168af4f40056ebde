/* SPDX-License-Identifier: MIT */
#include "host/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

const char *
run(const char *plugin, gruvid_test_options_t options, gruvid_test_fn fn)
{
    const char *top = getenv("top_builddir"), *wrong;
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", top == NULL ? "." : top, plugin);
    options.plugin = path;
    options.limit = 200;
    wrong = gruvid_test_run(&options, fn, NULL);
    return wrong == NULL ? "" : wrong;
}

void
assert_well(const char *said)
{
    ck_assert_msg(said[0] == '\0', "%s", said);
}

void
assert_says(const char *said, const char *text)
{
    ck_assert_msg(strstr(said, text) != NULL, "expected \"%s\" in: %s", text,
                  said);
}

void
never(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort(); /* a crash is never taken for what a fault may cause */
}
