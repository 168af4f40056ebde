/* SPDX-License-Identifier: MIT */
/*
 * The options of a plugin: part of the plugin ABI.
 *
 * A plugin describes the keys of its section in the configuration with an array
 * of gruvid_option_t.  gruvid checks the section against the array before any
 * function of the plugin runs, fills in the defaults, and prints the array for
 * gruvid --describe, so that a plugin parses and checks no text itself:
 *
 *     static const gruvid_option_t options[] = {
 *         {.name = "interval",
 *          .type = GRUVID_DURATION,
 *          .default_value = "10s",
 *          .min = "1ms",
 *          .help = "time between two beats"},
 *         GRUVID_OPTIONS_END,
 *     };
 *
 * Default, min and max are text as in the configuration: "64K".
 */
#ifndef GRUVID_OPTION_H
#define GRUVID_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The form of a value.  The numbers are part of the ABI.
 */
typedef enum gruvid_option_type {
    GRUVID_STRING = 0,   /* any text; with choices, one of the choices */
    GRUVID_BOOL = 1,     /* yes no, true false, on off, 1 0 */
    GRUVID_INTEGER = 2,  /* -3, 0, 42: 64 bits, signed */
    GRUVID_NUMBER = 3,   /* 0.5, -2, 1e6: a double, finite */
    GRUVID_SIZE = 4,     /* bytes: 512, 64K, 2M, 1G, 1T, powers of 1024 */
    GRUVID_DURATION = 5, /* 250ms, 2s, 1m30s, 1.5h; us ms s m h d; bare: s */
    GRUVID_ADDRESS = 6,  /* tcp://host:port, tcp://[::1]:0, unix:/path */
    GRUVID_LIST = 7,     /* text; the key may repeat, one item a line */
    GRUVID_SECRET = 8,   /* text, file:/PATH or credential:NAME; not printed */

    /* Since 1.2: "GET /users/{id} -> users"; the key may repeat.  For
     * transports: gruvid checks the routes, and gruvid_route() follows them. */
    GRUVID_ROUTE = 9,

    /* Since 1.3: "TEXT -> users"; the key may repeat.  For transports with
     * routes of their own (gruvid_route_to()): gruvid checks that the section
     * is there and answers requests, and the transport reads TEXT.  Read with
     * gruvid_option_list(). */
    GRUVID_TARGET = 10
} gruvid_option_type_t;

/*
 * One option.  The order of the members is frozen; new members take the place
 * of reserved.  All text is borrowed and must live as long as the plugin is
 * loaded, which is for ever.
 */
typedef struct gruvid_option {
    /* The key: [a-z0-9_]+, not one of gruvid's own (module, listen, ...). */
    const char *name;
    gruvid_option_type_t type;

    /*
     * The value when the section does not set the key.  NULL: none, and the
     * getters return NULL, 0, false or an empty list.  A list's default may
     * hold several items, each on a line of its own.
     */
    const char *default_value;

    /* Inclusive, for INTEGER, NUMBER, SIZE and DURATION; NULL: no limit. */
    const char *min;
    const char *max;

    /*
     * Ended by NULL.  For STRING and for the items of a LIST: the only values
     * allowed.  For other types: words that are also allowed ("auto"); the
     * typed getter returns 0 for a word, gruvid_option_string() the word.
     */
    const char *const *choices;

    /* The section must set it, and not to an empty value. */
    bool required;

    /* A short sentence without a full stop, for --describe. */
    const char *help;

    /* NULL, all of them. */
    const void *reserved[4];
} gruvid_option_t;

/* Ends an array of options; so does an element that is all zero. */
#define GRUVID_OPTIONS_END                                                     \
    {                                                                          \
        NULL, GRUVID_STRING, NULL, NULL, NULL, NULL, false, NULL,              \
        {                                                                      \
            NULL, NULL, NULL, NULL                                             \
        }                                                                      \
    }

#ifdef __cplusplus
}
#endif

#endif /* GRUVID_OPTION_H */
