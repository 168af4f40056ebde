/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of ours are never 0, 1 or 2.  Where a program has closed one of
 * those, the kernel gives its number to whatever is opened next; then what is
 * meant for standard error, and what a child takes for its standard input, goes
 * to a client or into an eventfd.
 */
#ifndef GRUVI_BASE_DESCRIPTOR_H
#define GRUVI_BASE_DESCRIPTOR_H

#define GRUVI__FIRST_FD 3

int gruvi__fd_move(int fd);

/*
 * What a call that opens a descriptor has returned: the descriptor, with
 * another number where it was one of the three.  It is close-on-exec.
 *
 * Returns -1 and errno where fd was -1, or no number was left; then it is
 * closed.
 */
static inline int
gruvi__fd_own(int fd)
{
    return fd < 0 || fd >= GRUVI__FIRST_FD ? fd : gruvi__fd_move(fd);
}

/* Both of a pair, in place: 0, or -1 with errno, and both are closed. */
int gruvi__fd_own_pair(int fds[2]);

#endif
