/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_FOLDER_H
#define TESTS_SUPPORT_FOLDER_H

/* Remove a folder with all that is in it.  Returns 0, or -1 with errno. */
int remove_folder(const char *path);

#endif
