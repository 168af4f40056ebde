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

enum { HTTP_GZIP, HTTP_ZSTD, HTTP_CODINGS };

struct http_settings {
    struct http_limits limits;

    /* Seconds; 0: no limit. */
    double header_timeout, write_timeout, keepalive_timeout;

    double event_comment;  /* seconds between comments; 0: none */
    uint64_t body_rate;    /* bytes a second; 0: no limit */
    uint64_t max_requests; /* of a connection; 0: no limit */
    enum http_access_log access_log;

    /* What replies are coded by, the best first; -1: none. */
    int codings[HTTP_CODINGS];
    int levels[HTTP_CODINGS];
    uint64_t compress_least;           /* bytes */
    const char *const *compress_types; /* borrowed; ended by NULL */
};

extern const gruvid_option_t http_options[];

void http_settings_read(struct http_settings *settings,
                        const gruvid_plugin_t *plugin);

#endif
