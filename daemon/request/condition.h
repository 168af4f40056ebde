/* SPDX-License-Identifier: MIT */
/* Conditions and ranges of a request for a file: RFC 9110, sections 13 and 14.
 */
#ifndef GRUVID_REQUEST_CONDITION_H
#define GRUVID_REQUEST_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

/* "Sun, 06 Nov 1994 08:49:37 GMT", and a zero byte. */
#define GRUVID__DATE_SIZE 30

/* What a request says; NULL: nothing. */
struct gruvid__conditions {
    const char *if_match, *if_none_match;
    const char *if_modified_since, *if_unmodified_since;
    const char *if_range, *range;
};

/* What there is. */
struct gruvid__content {
    const char *etag; /* strong, in quotes */
    int64_t modified; /* seconds since 1970; -1: not to be relied on */
    uint64_t size;
};

struct gruvid__verdict {
    int status;             /* 200, 206, 304, 412 or 416 */
    uint64_t first, length; /* what is sent; all of it but for 206 */
};

/* What to answer to GET and HEAD.  More than one range counts as none. */
struct gruvid__verdict
gruvid__conditions_judge(const struct gruvid__conditions *conditions,
                         const struct gruvid__content *content);

/* A date of HTTP, whatever the locale. */
void gruvid__date_write(char date[GRUVID__DATE_SIZE], int64_t seconds);

/* Seconds since 1970 of a date in any of the three forms; -1: it is none. */
int64_t gruvid__date_read(const char *date);

#endif
