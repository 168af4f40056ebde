/* SPDX-License-Identifier: MIT */
/* Plugins that a test makes: compiled as others compile theirs, into a folder,
 * and installed by a rename. */
#ifndef TESTS_DAEMON_MAKE_PLUGIN_H
#define TESTS_DAEMON_MAKE_PLUGIN_H

/*
 * Compile a plugin or a library.  A failure fails the test.
 *
 *   file    the result; a file that is there is replaced by a rename
 *   source  its text; for g++ if it begins with a comment of two slashes
 *   flags   further arguments of the compiler; may be ""
 */
void make_plugin(const char *file, const char *source, const char *flags);

/* Copy a file into a new one that takes the name of another. */
void install_file(const char *from, const char *to);

/* Copy a file into another one, as it is.  It is not cut first: a process that
 * has it mapped would lose what it has written to its pages. */
void overwrite_file(const char *from, const char *to);

/* Replace bytes of a file by others of the same length, in a new file that
 * takes its name. */
void patch_file(const char *file, const char *old, const char *new);

#endif
