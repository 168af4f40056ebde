/* SPDX-License-Identifier: MIT */
/* The options of the plugin. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H

#include <gruvid/plugin.h>

#include "parse.h"

enum http_access_log {
    HTTP_ACCESS_OFF,
    HTTP_ACCESS_COMBINED,
    HTTP_ACCESS_JSON
};

struct http_settings {
    struct http_limits limits;

    /* Seconds; 0: no limit. */
    double header_timeout, write_timeout, keepalive_timeout;

    double event_comment;  /* seconds between comments; 0: none */
    uint64_t body_rate;    /* bytes a second; 0: no limit */
    uint64_t max_requests; /* of a connection; 0: no limit */
    enum http_access_log access_log;
};

extern const gruvid_option_t http_options[];

void http_settings_read(struct http_settings *settings,
                        const gruvid_plugin_t *plugin);

#endif
