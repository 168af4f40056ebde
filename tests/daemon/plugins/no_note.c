/* SPDX-License-Identifier: MIT */
/* A shared library that is no plugin. */
int no_note(void);

int
no_note(void)
{
    return 0;
}
