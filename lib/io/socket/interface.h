/* SPDX-License-Identifier: MIT */
/* Interfaces of the network by their names. */
#ifndef GRUVI_IO_INTERFACE_H
#define GRUVI_IO_INTERFACE_H

/*
 * Look up the number of an interface.  It takes a descriptor for a moment.
 *
 *   number  where to put it; 0 on failure
 *
 * Returns 0.
 * Errors:  UV_ENODEV (there is none of that name), UV_EMFILE, UV_ENFILE,
 *          UV_ENOMEM: nobody could look.
 * Context: any thread.
 */
int gruvi__interface_find(const char *name, unsigned *number);

#endif
