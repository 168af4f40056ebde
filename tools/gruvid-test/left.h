/* SPDX-License-Identifier: MIT */
/* What was left when gruvid has ended. */
#ifndef GRUVID_TEST_LEFT_H
#define GRUVID_TEST_LEFT_H

/* Note what is there before. */
void left_begin(void);

/* Tell what is there now, and was not: descriptors and memory. */
void left_tell(void);

#endif
