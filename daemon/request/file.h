/* SPDX-License-Identifier: MIT */
/* Files as replies. */
#ifndef GRUVID_REQUEST_FILE_H
#define GRUVID_REQUEST_FILE_H

#include "request/request.h"

/* Answer by the file that a static: route leads to.  Returns as a handler
 * does.  Context: the transport's fiber, switchpoint. */
GRUVI_SWITCHPOINT int gruvid__static_reply(struct gruvid_request *request);

#endif
