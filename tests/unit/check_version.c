/* SPDX-License-Identifier: MIT */
/* The version of the library and of its headers. */
#include <stdio.h>

#include <gruvi.h>

#include "support/suite.h"

START_TEST(test_library_and_headers_have_the_packages_version)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", GRUVI_VERSION_MAJOR,
             GRUVI_VERSION_MINOR, GRUVI_VERSION_PATCH);
    ck_assert_str_eq(text, PACKAGE_VERSION);
    ck_assert_str_eq(gruvi_version(), PACKAGE_VERSION);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("version");
    TCase *tc = tcase_create("version");

    tcase_add_test(tc, test_library_and_headers_have_the_packages_version);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
