/* SPDX-License-Identifier: MIT */
/* What plugins/http has of gruvid, for its HTTP/2 alone: requests, with a
 * handler that does what the path says, and a plugin that drains when told. */
#ifndef TESTS_FUZZ_HTTP2_GRUVID_H
#define TESTS_FUZZ_HTTP2_GRUVID_H

#include <gruvid/transport.h>

struct gruvid_plugin {
    gruvi_group_t *group;
    gruvi_event_t drain;
    bool drains;
};

#endif
