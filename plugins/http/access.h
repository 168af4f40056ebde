/* SPDX-License-Identifier: MIT */
/* The access log: a line of gruvid's log for each request. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H

#include "work.h"

/* Log the request of an exchange that is over.  Context: fiber. */
void http_access_log(const struct http_work *work);

#endif
