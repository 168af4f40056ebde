/* SPDX-License-Identifier: MIT */
/* Types of files by their names. */
#ifndef GRUVID_REQUEST_TYPE_H
#define GRUVID_REQUEST_TYPE_H

/* The type of a file: "text/html; charset=utf-8". */
const char *gruvid__type_of(const char *path);

#endif
