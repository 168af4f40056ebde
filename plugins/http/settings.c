/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <string.h>

#if defined HAVE_ZLIB && defined HAVE_ZSTD
#define COMPRESS "zstd\ngzip"
#elif defined HAVE_ZSTD
#define COMPRESS "zstd"
#elif defined HAVE_ZLIB
#define COMPRESS "gzip"
#else
#define COMPRESS "no"
#endif

/* Only what was built in. */
static const char *const codings[] = {"no",
#ifdef HAVE_ZLIB
                                      "gzip",
#endif
#ifdef HAVE_ZSTD
                                      "zstd",
#endif
                                      NULL};

/* What is text.  Streams of events are not among them: each would take a coder
 * for as long as it lasts. */
#define TYPES                                                                  \
    "text/html\ntext/css\ntext/plain\ntext/javascript\ntext/csv\ntext/xml\n"   \
    "text/markdown\napplication/json\napplication/javascript\n"                \
    "application/xml\napplication/xhtml+xml\napplication/rss+xml\n"            \
    "application/atom+xml\napplication/ld+json\napplication/problem+json\n"    \
    "application/manifest+json\napplication/wasm\n"                            \
    "application/openmetrics-text\nimage/svg+xml"

static const char *const access_logs[] = {"off", "combined", "json", NULL};

const gruvid_option_t http_options[] = {
    {.name = "route",
     .type = GRUVID_ROUTE,
     .help = "which plugin answers what: GET /users/{id} -> users"},
    {.name = "max_line",
     .type = GRUVID_SIZE,
     .default_value = "8K",
     .min = "64",
     .max = "64K",
     .help = "the longest request line"},
    {.name = "max_headers",
     .type = GRUVID_SIZE,
     .default_value = "32K",
     .min = "64",
     .max = "1M",
     .help = "the most bytes of a request's header fields"},
    {.name = "header_timeout",
     .type = GRUVID_DURATION,
     .default_value = "10s",
     .min = "0",
     .help = "time for the header of a request; 0: no limit"},
    {.name = "body_rate",
     .type = GRUVID_SIZE,
     .default_value = "1K",
     .help = "the least bytes a second of a request's body; 0: no limit"},
    {.name = "write_timeout",
     .type = GRUVID_DURATION,
     .default_value = "60s",
     .min = "0",
     .help = "how long a client may read nothing; 0: no limit"},
    {.name = "keepalive_timeout",
     .type = GRUVID_DURATION,
     .default_value = "60s",
     .min = "0",
     .help = "how long a connection may wait for a request; 0: no limit"},
    {.name = "max_requests",
     .type = GRUVID_INTEGER,
     .default_value = "0",
     .min = "0",
     .help = "the most requests of a connection; 0: no limit"},
    {.name = "event_comment",
     .type = GRUVID_DURATION,
     .default_value = "15s",
     .min = "0",
     .help = "time between comments in streams of events; 0: none"},
    {.name = "access_log",
     .type = GRUVID_STRING,
     .default_value = "off",
     .choices = access_logs,
     .help = "log a line for each request"},
    {.name = "compress",
     .type = GRUVID_LIST,
     .default_value = COMPRESS,
     .choices = codings,
     .help = "how replies are compressed where the client asks, best first"},
    {.name = "compress_types",
     .type = GRUVID_LIST,
     .default_value = TYPES,
     .help = "types that are compressed; text/* is all of text"},
    {.name = "compress_least",
     .type = GRUVID_SIZE,
     .default_value = "1K",
     .help = "replies that are shorter are not compressed"},
    {.name = "gzip_level",
     .type = GRUVID_INTEGER,
     .default_value = "5",
     .min = "1",
     .max = "9",
     .help = "1 is fast, 9 is small"},
    {.name = "zstd_level",
     .type = GRUVID_INTEGER,
     .default_value = "3",
     .min = "1",
     .max = "9",
     .help = "1 is fast, 9 is small and takes more memory"},
    GRUVID_OPTIONS_END,
};

static enum http_access_log
access_log(const gruvid_plugin_t *plugin)
{
    const char *text = gruvid_option_string(plugin, "access_log");

    if (strcmp(text, "combined") == 0)
        return HTTP_ACCESS_COMBINED;
    return strcmp(text, "json") == 0 ? HTTP_ACCESS_JSON : HTTP_ACCESS_OFF;
}

/* "no" ends the list. */
static void
read_codings(struct http_settings *settings, const gruvid_plugin_t *plugin)
{
    const char *const *names = gruvid_option_list(plugin, "compress", NULL);

    for (int i = 0; i < HTTP_CODINGS; i++) {
        settings->codings[i] = -1;
        if (*names == NULL || strcmp(*names, "no") == 0)
            continue;
        settings->codings[i] =
            strcmp(*names++, "gzip") == 0 ? HTTP_GZIP : HTTP_ZSTD;
    }
    settings->levels[HTTP_GZIP] =
        (int)gruvid_option_integer(plugin, "gzip_level");
    settings->levels[HTTP_ZSTD] =
        (int)gruvid_option_integer(plugin, "zstd_level");
    settings->compress_least = gruvid_option_size(plugin, "compress_least");
    settings->compress_types =
        gruvid_option_list(plugin, "compress_types", NULL);
}

void
http_settings_read(struct http_settings *settings,
                   const gruvid_plugin_t *plugin)
{
    *settings = (struct http_settings){
        .limits = {(uint32_t)gruvid_option_size(plugin, "max_line"),
                   (uint32_t)gruvid_option_size(plugin, "max_headers"),
                   HTTP_FIELDS},
        .header_timeout = gruvid_option_duration(plugin, "header_timeout"),
        .body_rate = gruvid_option_size(plugin, "body_rate"),
        .write_timeout = gruvid_option_duration(plugin, "write_timeout"),
        .keepalive_timeout =
            gruvid_option_duration(plugin, "keepalive_timeout"),
        .max_requests = (uint64_t)gruvid_option_integer(plugin, "max_requests"),
        .event_comment = gruvid_option_duration(plugin, "event_comment"),
        .access_log = access_log(plugin),
    };
    read_codings(settings, plugin);
}
