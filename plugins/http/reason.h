/* SPDX-License-Identifier: MIT */
/* The words behind a status: RFC 9110, section 15. */
#ifndef HTTP_REASON_H
#define HTTP_REASON_H

/* Returns static text, "" for a status that has none. */
const char *http_reason(int status);

#endif
