/* SPDX-License-Identifier: MIT */
/* Statuses of replies. */
#ifndef GRUVID_REQUEST_STATUS_H
#define GRUVID_REQUEST_STATUS_H

/* What is sent for what a handler that has not replied returns: a negative
 * code, 0, a status, or any other number. */
int gruvid__status_of(int returned);

/* "Not Found"; "" where none is usual. */
const char *gruvid__reason(int status);

#endif
