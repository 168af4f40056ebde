/* SPDX-License-Identifier: MIT */
/*
 * Sockets that listen already, inherited from the program that starts gruvid:
 * by number, and by name where a service manager has given them names
 * (FileDescriptorName= of systemd).  Several may have one name.
 *
 * Only what was open when gruvid began counts, or fd:7 could be a socket of
 * gruvid's own in a reload.
 */
#ifndef GRUVID_INHERITED_H
#define GRUVID_INHERITED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Note what was inherited: once, before gruvid opens anything.  The variables
 * of the service manager are unset.
 *
 * Returns 0.
 * Errors:  UV_EINVAL: the variables of the service manager are not right;
 *          UV_ENOMEM.
 */
int gruvid__inherited_open(void);

/* Whether gruvid__inherited_open() was called, so that names can be judged. */
bool gruvid__inherited_known(void);

/*
 * The n-th inherited socket of "3" or of a name, from 0.
 *
 * Returns a descriptor, which stays open; -1: there are no more.
 */
int gruvid__inherited_find(const char *text, size_t n);

/* All names, "web, admin"; "" if there are none.  Borrowed. */
const char *gruvid__inherited_names(void);

#endif
