/* SPDX-License-Identifier: MIT */
/*
 * The stack of a thread in a system call, by another thread.  The kernel tells
 * the stack pointer and not the frame pointer, so the first frame is looked
 * for: the words of the stack are tried from below until they lead, from frame
 * to frame, through calls to the end.
 */
#ifndef GRUVID_WATCH_SCAN_H
#define GRUVID_WATCH_SCAN_H

#include <stdint.h>

#include <gruvi/inspect.h>

/*
 * Add the callers.
 *
 *   frames  has the first frame
 *   sp      its stack pointer
 *   high    where the stack ends; 0: not known
 *   memory  an open /proc/self/mem
 */
void gruvid__scan(gruvi__frames_t *frames, uintptr_t sp, uintptr_t high,
                  int memory);

#endif
