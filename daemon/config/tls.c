/* SPDX-License-Identifier: MIT */
/*
 * TLS of a section.  Its files are read when the configuration is checked, so
 * that gruvid -t finds what is wrong with them, and again when gruvid binds.
 */
#include <string.h>

#include <gruvi.h>

#include "config/internal.h"

/* An option of libgruvi, and the key that sets it. */
static const struct {
    const char *prefix, *key;
} options[] = {
    {"certificate: ", "tls_certificate"},
    {"key: ", "tls_key"},
    {"authorities: ", "tls_client_ca"},
};

bool
gruvid__is_tls(const char *address)
{
    return strncmp(address, "tls://", 6) == 0 ||
           strncmp(address, "tls+fd:", 7) == 0;
}

static bool
listens_with_tls(const gruvid__section_t *section)
{
    const char *const *addresses;
    size_t n;

    addresses = gruvid__section_list(section, "listen", &n);
    for (size_t i = 0; i < n; i++) {
        if (gruvid__is_tls(addresses[i]))
            return true;
    }
    return false;
}

/* The path, or NULL where it is not set. */
static const char *
path_of(const gruvid__section_t *section, const char *key)
{
    const char *path = gruvid__section_string(section, key);

    return path == NULL || *path == '\0' ? NULL : path;
}

/* Whether a key is set, even if its value is a mistake. */
static bool
is_there(const gruvid__section_t *section, const char *key)
{
    const gruvid__entry_t *e = section->entries;

    while (e != NULL && (strcmp(e->key, key) != 0 || *e->text == '\0'))
        e = e->next;
    return e != NULL;
}

gruvi_tls_t *
gruvid__section_tls(const gruvid__section_t *section)
{
    return section->tls == NULL ? NULL : gruvi_tls_ref(section->tls);
}

static gruvi_tls_t *
make_tls(const gruvid__section_t *section)
{
    gruvi_tls_options_t files = {.alpn = section->alpn};

    files.certificate = path_of(section, "tls_certificate");
    files.key = path_of(section, "tls_key");
    files.authorities = path_of(section, "tls_client_ca");
    if (files.authorities != NULL)
        files.clients = GRUVI_TLS_CERTIFIED_CLIENT;
    return gruvi_tls_new(&files);
}

/* What OpenSSL says in two words, in a sentence that helps to mend it. */
static const struct {
    const char *says, *means;
} sentences[] = {
    {"values mismatch", "it is not the key of tls_certificate; give the key "
                        "that belongs to that certificate"},
    {"type mismatch",
     "it is not the key of tls_certificate, but of another kind; "
     "give the key that belongs to that certificate"},
    {"unsupported", "there is nothing of that kind in the file; it has to be "
                    "PEM, with a line of dashes and BEGIN"},
    {"no start line", "there is nothing of that kind in the file; it has to be "
                      "PEM, with a line of dashes and BEGIN"},
};

static const char *
sentence_of(const char *message)
{
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (strstr(message, sentences[i].says) != NULL)
            return sentences[i].means;
    return message;
}

static void
report(gruvid__section_t *section, int err)
{
    const char *message = gruvi_error_message();

    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        size_t n = strlen(options[i].prefix);

        if (err != UV_ENOTSUP && strncmp(message, options[i].prefix, n) == 0) {
            gruvid__section_error(section, options[i].key, "%s: %s",
                                  path_of(section, options[i].key),
                                  sentence_of(message + n));
            return;
        }
    }
    gruvid__section_error(section, "listen", "tls:// is not possible: %s",
                          err == UV_ENOMEM ? gruvi_strerror(err) : message);
}

/* A digest of all files of a section.  In front of their use: what changes
 * between the two is found by the next reload. */
static void
take_digest(gruvid__section_t *section)
{
    section->tls_digest = 1;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *path = path_of(section, options[i].key);
        uint64_t digest = 0;

        if (path != NULL)
            gruvid__config_digest(section->config, path, &digest);
        section->tls_digest = section->tls_digest * 31 + digest;
    }
}

/* The credentials from before, if these files are the same: clients go on with
 * their sessions.  Files that may not be read any more are no others. */
static gruvi_tls_t *
find_before(gruvid__section_t *section)
{
    const gruvid__section_t *before =
        section->config->before == NULL
            ? NULL
            : gruvid__config_section(section->config->before, section->name);

    if (before == NULL || before->tls_digest != section->tls_digest)
        return NULL;
    section->alpn = before->alpn;
    return gruvid__section_tls(before);
}

static void
check_files(gruvid__section_t *section)
{
    gruvi_tls_t *tls;

    take_digest(section);
    tls = find_before(section);
    if (tls == NULL)
        tls = make_tls(section);

    if (tls == NULL && gruvi_last_error() == UV_ENOMEM)
        section->config->no_memory = true;
    else if (tls == NULL)
        report(section, gruvi_last_error());
    section->tls = tls;
}

static bool
same_names(const char *const *a, const char *const *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0)
        a++, b++;
    return *a == *b;
}

void
gruvid__section_set_alpn(gruvid__section_t *section, const char *const *alpn)
{
    gruvi_tls_t *tls;

    if (section->tls == NULL || same_names(section->alpn, alpn))
        return;
    section->alpn = alpn;
    tls = make_tls(section);
    if (tls == NULL) {
        report(section, gruvi_last_error());
        return;
    }
    gruvi_tls_unref(section->tls);
    section->tls = tls;
}

/* credential:NAME becomes the path of that file, once. */
static void
find_credential(gruvid__section_t *section, const char *key)
{
    static const char credential[] = "credential:";
    const gruvid__key_t *at = gruvid__find_key(&section->own, key);
    gruvid__value_t *value = &section->own.values[at - section->own.keys];
    gruvid__why_t why;

    if (value->text == NULL ||
        strncmp(value->text, credential, sizeof credential - 1) != 0)
        return;
    value->text = gruvid__credential_path(
        section->config, value->text + sizeof credential - 1, &why);
    if (value->text == NULL)
        gruvid__section_error(section, key, "%s", why.text);
}

void
gruvid__config_check_tls(gruvid__section_t *section)
{
    if (section->own.values == NULL)
        return;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        find_credential(section, options[i].key);
    if (listens_with_tls(section)) {
        if (!is_there(section, "tls_certificate"))
            gruvid__section_error(section, "listen",
                                  "tls:// needs tls_certificate and tls_key");
        else if (!is_there(section, "tls_key"))
            gruvid__section_error(section, "tls_certificate",
                                  "tls_key is missing");
        else if (path_of(section, "tls_certificate") != NULL &&
                 path_of(section, "tls_key") != NULL)
            check_files(section);
        return;
    }
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        if (path_of(section, options[i].key) != NULL)
            gruvid__section_error(section, options[i].key,
                                  "no address of listen is tls:// or tls+fd:");
    }
}
