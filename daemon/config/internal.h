/* SPDX-License-Identifier: MIT */
/*
 * What the files here share, and no other room sees.
 *
 *   memory.c   what hangs on the config and goes with it
 *   value.c    text of a value in a file: quotes and comments; what is wrong
 *   reader.c   one file through inih: lines become entries
 *   file.c     a file as a whole, bounded
 *   kept.c     files that were read, for a reload that may not read them
 *   load.c     files, includes and -o, in their order
 *   tree.c     files, sections, entries
 *   types.c    one parser for each type, address.c the long one
 *   secret.c   file: and credential:
 *   option.c   what an option makes of a text: type, words, limits
 *   listen.c   addresses of a section, and the keys about them
 *   network.c  proxies that are believed
 *   tables.c   the options that gruvid itself has
 *   check.c    entries and a table become values
 *   get.c      values for the rest of the daemon
 *   compare.c  what has changed between two configurations
 *   error.c    mistakes: kept, sorted, printed
 *   describe.c tables as text
 *   show.c     what is set, without secrets
 *   suggest.c  did you mean
 */
#ifndef GRUVID_CONFIG_INTERNAL_H
#define GRUVID_CONFIG_INTERNAL_H

#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

#include "config/config.h"

/* Bounds: they stop files without an end.  No configuration is near them. */
enum {
    GRUVID__MAX_FILE = 4 << 20,    /* bytes of one file */
    GRUVID__MAX_LINE = 64 << 10,   /* bytes of one line, without its end */
    GRUVID__MAX_SECRET = 64 << 10, /* bytes of a file that holds a secret */
    GRUVID__MAX_NAME = 32,         /* bytes of the name of a plugin */
};

/* The command line counts as files of these names. */
#define GRUVID__OVERRIDES "-o"
#define GRUVID__RUN       "--run"

static inline bool
gruvid__is_override(const char *file)
{
    return file != NULL && (strcmp(file, GRUVID__OVERRIDES) == 0 ||
                            strcmp(file, GRUVID__RUN) == 0);
}

/* Where a parser puts what is wrong: a clause such as `"x" is not a size`. */
typedef struct gruvid__why {
    char text[640];
} gruvid__why_t;

/* An option, with what only an option of gruvid itself has. */
typedef struct gruvid__key {
    gruvid_option_t option;
    bool repeats; /* may be set several times: a list, or "listen" */

    /* What changes with it: one of gruvid__change_t; 0: GRUVID__CHANGED_LIVE.
     */
    unsigned change;

    /* After the type's own parser; NULL: nothing more.  False: *why is set. */
    bool (*accept)(const char *text, gruvid__why_t *why);
} gruvid__key_t;

/* One key = value, unchecked. */
typedef struct gruvid__entry {
    struct gruvid__entry *next; /* of the section, in the order of reading */
    const char *file;           /* of config->files, or GRUVID__OVERRIDES */
    unsigned line;
    const char *key;
    const char *text; /* without quotes and comment */
} gruvid__entry_t;

/* Keys, and after the check as many values. */
typedef struct gruvid__table {
    const gruvid__key_t *keys;
    size_t length;
    gruvid__value_t *values; /* NULL until checked */
} gruvid__table_t;

typedef enum gruvid__section_kind {
    GRUVID__BUILTIN,
    GRUVID__PLUGIN,
    GRUVID__UNKNOWN, /* its lines are read, its keys not judged */
} gruvid__section_kind_t;

struct gruvid__section {
    gruvid__section_t *next; /* of the config, in the order of reading */
    gruvid__config_t *config;
    gruvid__section_kind_t kind;
    const char *name;   /* "plugin echo" */
    const char *plugin; /* "echo", or NULL */

    /* The last header, for mistakes and to see repeats; NULL: no file has one.
     */
    const char *file;
    unsigned line;

    gruvid__entry_t *entries;
    gruvid__entry_t **entries_end;

    gruvid__table_t own;    /* gruvid's keys */
    gruvid__table_t extra;  /* of a plugin section: the plugin's own */
    bool module_is_mistake; /* do not load it */
    bool answers;           /* the plugin answers requests */

    gruvi_tls_t *tls;        /* owned; NULL: no address needs it */
    uint64_t tls_digest;     /* of its files; 0 without tls */
    const char *const *alpn; /* that tls was made with */
    const void *module;      /* the caller's own */
};

typedef struct gruvid__file {
    struct gruvid__file *next;
    const char *name; /* as it is shown */
    unsigned order;   /* of reading */
    dev_t dev;        /* both 0 if it could not be opened */
    ino_t ino;
} gruvid__file_t;

/* A file as stat() sees it. */
typedef struct gruvid__stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime, ctime;
} gruvid__stamp_t;

/* A file that was read. */
typedef struct gruvid__kept {
    struct gruvid__kept *next;
    const char *path;
    gruvid__stamp_t stamp;
    const char *text; /* NULL: only its digest is kept */
    size_t length;
    uint64_t digest;
} gruvid__kept_t;

typedef struct gruvid__mistake {
    struct gruvid__mistake *next;
    const char *file; /* NULL: none */
    unsigned order;   /* of the file */
    unsigned line;
    size_t number; /* in the order of finding */
    const char *place;
    const char *text;
} gruvid__mistake_t;

struct gruvid__config {
    unsigned refs;                /* atomic */
    struct gruvid__block *blocks; /* all memory */
    bool no_memory;               /* an allocation failed */

    gruvid__file_t *files; /* last read first */
    unsigned n_files;

    gruvid__kept_t *kept;
    gruvid__config_t *before; /* NULL, but for a reload, while it reads */

    gruvid__section_t *sections;
    gruvid__section_t **sections_end;
    void *by_name; /* the same as a tree of tsearch(3) */

    gruvid__mistake_t *mistakes; /* last found first */
    size_t n_mistakes;
    gruvid__mistake_t *notes; /* last found first */
    size_t n_notes;
    size_t n_lost; /* found without memory for them */
};

/* memory.c */

/* Zeroed; NULL sets config->no_memory.  Freed and wiped with the config. */
void *gruvid__config_alloc(gruvid__config_t *config, size_t count, size_t size);

/* A copy of text, with a NUL. */
char *gruvid__config_text(gruvid__config_t *config, const char *text,
                          size_t length);

/* Wipe and free all of it. */
void gruvid__config_wipe(gruvid__config_t *config);

/* tree.c */

/* A new config with its built-in sections. */
gruvid__config_t *gruvid__config_new(void);

/* name is copied; NULL: no memory. */
const gruvid__file_t *gruvid__config_add_file(gruvid__config_t *config,
                                              const char *name, dev_t dev,
                                              ino_t ino);

/*
 * Find a section or add it.  A name that is no section is a mistake at file and
 * line, once for each call.  NULL: no memory.
 */
gruvid__section_t *gruvid__config_add_section(gruvid__config_t *config,
                                              const char *name,
                                              const char *file, unsigned line);

/* The key is copied, the text is of the config's memory already. */
void gruvid__section_add(gruvid__section_t *section, const char *file,
                         unsigned line, const char *key, const char *text);

/* gruvid__section_error() for an item of a value's list: at the item's line.
 * NULL: the last line of the key. */
void gruvid__item_error(gruvid__section_t *section, const char *key,
                        const char *item, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* reader.c: file is the name of one of config->files. */
void gruvid__config_parse(gruvid__config_t *config, const char *file,
                          const char *text, size_t length);

/* file.c */

/*
 * Read a file of at most max bytes into memory of malloc().
 *
 *   regular  only a regular file will do
 *
 * Returns 0.
 * Errors:  of open() and read(); UV_EISDIR; UV_EFBIG; UV_ENOTSUP: not regular;
 *          UV_EPIPE: a FIFO that no program writes to.
 */
typedef struct gruvid__content {
    char *text; /* ends with a NUL that length does not count */
    size_t length;
    dev_t dev;
    ino_t ino;
} gruvid__content_t;

int gruvid__read_file(gruvid__content_t *content, const char *path, size_t max,
                      bool regular);

/* Wipes it, too. */
void gruvid__content_free(gruvid__content_t *content);

/* kept.c */

/* As gruvid__read_file().  A file that may not be read any more, and has not
 * changed, is what config->before has kept of it. */
int gruvid__config_read(gruvid__config_t *config, gruvid__content_t *content,
                        const char *path, size_t max, bool regular);

/*
 * A digest of a file's content, which tells a change.
 *
 * Returns 0.
 * Errors:  of gruvid__read_file(); UV_EALREADY: it may not be read any more,
 * has not changed, and this is the digest that was kept.
 */
int gruvid__config_digest(gruvid__config_t *config, const char *path,
                          uint64_t *digest);

/* value.c */

/* Say what is wrong.  Returns false, always. */
bool gruvid__why(gruvid__why_t *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text as a message may show it: cut where it is long. */
typedef struct gruvid__shown {
    char text[64];
} gruvid__shown_t;
const char *gruvid__shown(gruvid__shown_t *shown, const char *text);

/* Blanks are those of inih, whatever the locale. */
bool gruvid__is_blank(char c);
bool gruvid__is_key(const char *text);
bool gruvid__is_plugin_name(const char *text);

/*
 * Take quotes and comment off a value; text is changed in place, *value points
 * into it.
 *
 *   after_blank  a blank was before text
 *   comments     there may be one
 *
 * Returns false if it is wrong, and *why is set.
 */
bool gruvid__unquote(char *text, bool after_blank, bool comments, char **value,
                     gruvid__why_t *why);

/* types.c */

bool gruvid__parse_bool(const char *text, bool *value, gruvid__why_t *why);
bool gruvid__parse_integer(const char *text, int64_t *value,
                           gruvid__why_t *why);
bool gruvid__parse_number(const char *text, double *value, gruvid__why_t *why);
bool gruvid__parse_size(const char *text, uint64_t *value, gruvid__why_t *why);
bool gruvid__parse_duration(const char *text, double *value,
                            gruvid__why_t *why);
bool gruvid__parse_address(const char *text, gruvid__why_t *why);

/* secret.c: the secret that text stands for; NULL: *why is set, or no memory.
 */
const char *gruvid__parse_secret(gruvid__config_t *config, const char *text,
                                 gruvid__why_t *why);

/* The path of a credential; NULL: *why is set, or no memory. */
const char *gruvid__credential_path(gruvid__config_t *config, const char *name,
                                    gruvid__why_t *why);

/* option.c */

/*
 * Read text by an option: its words, its type, its limits.  Sets value->text
 * and value->as.
 */
bool gruvid__parse_value(gruvid__config_t *config, const gruvid__key_t *key,
                         const char *text, gruvid__value_t *value,
                         gruvid__why_t *why);

/* "duration", "list", ... */
const char *gruvid__type_name(gruvid_option_type_t type);

/*
 * Whether a plugin's option makes sense: its name is a key that is free, its
 * default and limits can be read.  False: *why is set.
 */
bool gruvid__option_sound(gruvid__config_t *config, const gruvid__key_t *key,
                          gruvid__why_t *why);

/*
 * Element i of a plugin's array, whose elements may be shorter or longer than
 * ours.  False: the array has ended.
 */
bool gruvid__option_at(const gruvid_option_t *options, size_t option_size,
                       size_t i, gruvid__key_t *key);

/* tables.c */

typedef struct gruvid__builtin {
    const char *name; /* NULL ends the array */
    const char *help;
    gruvid__table_t table;
} gruvid__builtin_t;
extern const gruvid__builtin_t gruvid__builtins[];

/* The keys that every plugin section has, and those that it has where its
 * plugin answers requests. */
extern const gruvid__table_t gruvid__plugin_keys;
extern const gruvid__table_t gruvid__request_keys;

/* Names that are not for plugins: the keys above, and some for later. */
bool gruvid__is_reserved(const char *key);

/* NULL: there is no such key. */
const gruvid__key_t *gruvid__find_key(const gruvid__table_t *table,
                                      const char *name);

/* check.c */

/* Built-in sections, and gruvid's keys of plugin sections. */
void gruvid__config_check(gruvid__config_t *config);

/* tls.c: what a plugin section says of TLS, with its files. */
void gruvid__config_check_tls(gruvid__section_t *section);

/* listen.c: addresses that are there twice, and keys that fit none.  Sections
 * in front of this one are known. */
void gruvid__config_check_listen(gruvid__section_t *section);

/* network.c */

/* Whether text is a network, or unix:. */
bool gruvid__accept_proxy(const char *text, gruvid__why_t *why);

/* Proxies of a list that was checked, which ends with NULL after n texts.
 * NULL: UV_ENOMEM. */
struct gruvid__proxies *gruvid__proxies_new(const char *const *list, size_t n,
                                            bool header);

/* routes.c */

/* Whether text is a route. */
bool gruvid__parse_route(gruvid__config_t *config, const char *text,
                         gruvid__why_t *why);

/* Whether text is "TEXT -> SECTION". */
bool gruvid__parse_target(const char *text, gruvid__why_t *why);

/* Make the table of a value that has a list of routes without mistakes. */
void gruvid__make_routes(gruvid__section_t *section, gruvid__value_t *value);

/* suggest.c */

/*
 * The candidate nearest to a misspelled word:
 *
 *     gruvid__suggestion_t s = {.word = word};
 *     gruvid__suggest(&s, candidate);    for each
 *     s.best                             NULL: none is near
 */
typedef struct gruvid__suggestion {
    const char *word;
    const char *best; /* borrowed from the candidates */
    size_t distance;  /* of best */
} gruvid__suggestion_t;

void gruvid__suggest(gruvid__suggestion_t *suggestion, const char *candidate);

#endif /* GRUVID_CONFIG_INTERNAL_H */
