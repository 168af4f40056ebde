/* SPDX-License-Identifier: MIT */
/* Files that a reload could not read. */
#ifndef GRUVID_READABLE_H
#define GRUVID_READABLE_H

struct gruvid__daemon;

/* Warn of each file that was read and may not be read any more, because gruvid
 * has become another user.  Context: root fiber of the first hub. */
void gruvid__warn_unreadable(const struct gruvid__daemon *daemon);

#endif
