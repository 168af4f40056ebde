/* SPDX-License-Identifier: MIT */
/*
 * Files are read when the options are, where a mistake is one of the
 * configuration, and again for a connection once they have changed: what renews
 * certificates need not tell gruvid.
 */
#include "secure.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- files ---------------------------------------------------------------- */

static bool
is_file_name(const char *text)
{
    return *text != '\0' && strchr(text, '/') == NULL &&
           strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

const char *
nats_secure_path(const char *text, char *path, size_t size)
{
    static const char credential[] = "credential:";
    const size_t length = sizeof credential - 1;
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    int n;

    if (*text == '/') {
        n = snprintf(path, size, "%s", text);
    } else {
        if (strncmp(text, credential, length) != 0 ||
            !is_file_name(text + length))
            return "has to be an absolute path or credential:NAME";
        if (folder == NULL || *folder == '\0')
            return "is a credential, and CREDENTIALS_DIRECTORY is not set "
                   "(systemd: LoadCredential=)";
        n = snprintf(path, size, "%s/%s", folder, text + length);
    }
    return n < 0 || (size_t)n >= size ? "is too long" : NULL;
}

/* An option, with what libgruvi calls it. */
struct file {
    const char *option, *text, *prefix;
    char path[PATH_MAX];
};

enum { CA, CERTIFICATE, KEY, FILES };

/* Too large for the stack of a fiber. */
struct reading {
    struct file files[FILES];
    uint64_t seen; /* what the files were; set to what they are */
    gruvi_tls_t *tls;
    int err;
    char why[128]; /* "ca: ..." */
};

static struct reading *
reading_new(const struct nats_settings *settings)
{
    struct reading *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->files[CA].option = "ca";
    r->files[CA].text = settings->ca;
    r->files[CA].prefix = "authorities: ";
    r->files[CERTIFICATE].option = "certificate";
    r->files[CERTIFICATE].text = settings->certificate;
    r->files[CERTIFICATE].prefix = "certificate: ";
    r->files[KEY].option = "key";
    r->files[KEY].text = settings->key;
    r->files[KEY].prefix = "key: ";
    r->seen = settings->seen;
    return r;
}

static int
fail(struct reading *r, int err, const char *option, const char *why)
{
    r->err = err;
    snprintf(r->why, sizeof r->why, "%s%s", option, why);
    return err;
}

static int
find_files(struct reading *r)
{
    for (int i = 0; i < FILES; i++) {
        struct file *file = &r->files[i];
        const char *why =
            file->text == NULL
                ? NULL
                : nats_secure_path(file->text, file->path, sizeof file->path);

        if (why != NULL) {
            snprintf(r->why, sizeof r->why, "%s %s", file->option, why);
            return r->err = UV_EINVAL;
        }
    }
    if (r->files[KEY].text != NULL && r->files[CERTIFICATE].text == NULL)
        return fail(r, UV_EINVAL, "certificate", " is missing: there is a key");
    return 0;
}

/* Not 0.  Files that are the same have the same number. */
static uint64_t
look_at(const struct file *files)
{
    uint64_t seen = 1;

    for (int i = 0; i < FILES; i++) {
        struct stat stat_of = {.st_size = 0};

        if (files[i].text != NULL && stat(files[i].path, &stat_of) < 0)
            seen += (uint64_t)errno;
        seen = seen * 31 + (uint64_t)stat_of.st_ino;
        seen = seen * 31 + (uint64_t)stat_of.st_size;
        seen = seen * 31 + (uint64_t)stat_of.st_mtim.tv_sec;
        seen = seen * 31 + (uint64_t)stat_of.st_mtim.tv_nsec;
    }
    return seen == 0 ? 1 : seen;
}

static void
note_why(struct reading *r)
{
    const char *message = gruvi_error_message();
    int err = gruvi_last_error();

    for (int i = 0; i < FILES; i++) {
        size_t n = strlen(r->files[i].prefix);

        if (strncmp(message, r->files[i].prefix, n) != 0)
            continue;
        fail(r, err, r->files[i].option, ": ");
        snprintf(r->why + strlen(r->why), sizeof r->why - strlen(r->why), "%s",
                 message + n);
        return;
    }
    fail(r, err, "TLS is not possible: ",
         *message == '\0' ? gruvi_strerror(err) : message);
}

static const char *
path_of(const struct file *file)
{
    return file->text == NULL ? NULL : file->path;
}

/* Read the files, unless they are what was seen.  For a thread of a pool, too.
 */
static int
read_files(void *arg, void **result)
{
    struct reading *r = arg;
    gruvi_tls_options_t options = {.authorities = path_of(&r->files[CA]),
                                   .certificate =
                                       path_of(&r->files[CERTIFICATE]),
                                   .key = path_of(&r->files[KEY])};
    uint64_t seen = look_at(r->files); /* what changes later is seen later */

    *result = NULL;
    if (seen == r->seen)
        return 0;
    r->tls = gruvi_tls_new(&options);
    if (r->tls == NULL)
        note_why(r);
    else
        r->seen = seen;
    return 0;
}

int
nats_secure_read(struct nats_settings *settings, gruvid_plugin_t *plugin)
{
    struct reading *r = reading_new(settings);
    void *result;
    int err;

    if (r == NULL)
        return UV_ENOMEM;
    if (find_files(r) == 0)
        read_files(r, &result);
    if (r->err < 0)
        gruvid_plugin_fail(plugin, "%s", r->why);
    settings->tls = r->tls;
    settings->seen = r->seen;
    err = r->err;
    free(r);
    return err;
}

/* Files that have changed are read again.  Where that fails, what was read
 * before is used: a certificate and its key are rarely replaced together. */
static GRUVI_SWITCHPOINT int
read_again(struct nats_node *node)
{
    struct nats_settings *settings = &node->settings;
    struct reading *r;
    void *result;
    int err = 0;

    if (settings->ca == NULL && settings->certificate == NULL)
        return 0;
    r = reading_new(settings);
    if (r == NULL)
        return UV_ENOMEM;
    if (find_files(r) == 0)
        err = gruvi_blocking(read_files, r, &result);
    if (r->err < 0)
        gruvi_error("%s; what was read before is used", r->why);
    /* A reload has taken others meanwhile. */
    if (r->tls != NULL && node->moves) {
        gruvi_tls_unref(r->tls);
    } else if (r->tls != NULL) {
        gruvi_tls_unref(settings->tls);
        settings->tls = r->tls;
        settings->seen = r->seen;
    }
    free(r);
    return err;
}

/* --- a connection --------------------------------------------------------- */

/* What came behind INFO came in clear, from anybody: it is not taken for what
 * comes through TLS. */
GRUVI_SWITCHPOINT int
nats_secure_start(struct nats_node *node, const char *name)
{
    gruvi_tls_t *tls;
    const char *reason;
    int err;

    if (node->in.end > node->in.start) {
        gruvi_error("the server %s has sent bytes in clear before TLS",
                    node->info.name);
        return UV_EPROTO;
    }
    err = read_again(node);
    if (err < 0)
        return err;
    /* A reload may put another in its place meanwhile. */
    tls = node->settings.tls;
    if (tls != NULL)
        gruvi_tls_ref(tls);
    err = gruvi_tls_start_client(node->stream, tls, name, GRUVI_FOREVER);
    gruvi_tls_unref(tls);
    if (err == 0)
        node->servers.believed = true;
    if (err == 0 || err == UV_ECANCELED)
        return err;
    reason = gruvi_error_message();
    gruvi_error("TLS with %s fails: %s", name,
                *reason == '\0' ? gruvi_strerror(err) : reason);
    return err;
}

/* A server may refuse our certificate after our handshake is over. */
void
nats_secure_tell(const struct nats_node *node, int err)
{
    gruvi_tls_info_t info;

    if ((err == UV_EPROTO || err == UV_EACCES) &&
        gruvi_tls_info(node->stream, &info) == 0)
        gruvi_error("the server %s ends TLS: %s", node->info.name,
                    gruvi_error_message());
}
