/* SPDX-License-Identifier: MIT */
/*
 * Files are read at the start and at each reload, as gruvid does with its own.
 */
#include "secure.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static int
find_files(struct file *files, gruvid_plugin_t *plugin)
{
    for (int i = 0; i < FILES; i++) {
        const char *why = files[i].text == NULL
                              ? NULL
                              : nats_secure_path(files[i].text, files[i].path,
                                                 sizeof files[i].path);

        if (why != NULL) {
            gruvid_plugin_fail(plugin, "%s %s", files[i].option, why);
            return UV_EINVAL;
        }
    }
    if (files[KEY].text != NULL && files[CERTIFICATE].text == NULL) {
        gruvid_plugin_fail(plugin, "certificate is missing: there is a key");
        return UV_EINVAL;
    }
    return 0;
}

static int
tell_bad_file(const struct file *files, gruvid_plugin_t *plugin)
{
    const char *message = gruvi_error_message();
    int err = gruvi_last_error();

    for (int i = 0; i < FILES; i++) {
        size_t n = strlen(files[i].prefix);

        if (strncmp(message, files[i].prefix, n) != 0)
            continue;
        gruvid_plugin_fail(plugin, "%s: %s", files[i].option, message + n);
        return err;
    }
    gruvid_plugin_fail(plugin, "TLS is not possible: %s",
                       *message == '\0' ? gruvi_strerror(err) : message);
    return err;
}

static const char *
path_of(const struct file *file)
{
    return file->text == NULL ? NULL : file->path;
}

static int
read_files(struct nats_settings *settings, struct file *files,
           gruvid_plugin_t *plugin)
{
    gruvi_tls_options_t options = {.authorities = path_of(&files[CA]),
                                   .certificate = path_of(&files[CERTIFICATE]),
                                   .key = path_of(&files[KEY])};

    settings->tls = gruvi_tls_new(&options);
    return settings->tls == NULL ? tell_bad_file(files, plugin) : 0;
}

/* Paths are long, for the stack of a fiber. */
int
nats_secure_read(struct nats_settings *settings, gruvid_plugin_t *plugin)
{
    struct file *files = calloc(FILES, sizeof *files);
    int err;

    if (files == NULL)
        return UV_ENOMEM;
    files[CA].option = "ca";
    files[CA].text = settings->ca;
    files[CA].prefix = "authorities: ";
    files[CERTIFICATE].option = "certificate";
    files[CERTIFICATE].text = settings->certificate;
    files[CERTIFICATE].prefix = "certificate: ";
    files[KEY].option = "key";
    files[KEY].text = settings->key;
    files[KEY].prefix = "key: ";
    err = find_files(files, plugin);
    if (err == 0)
        err = read_files(settings, files, plugin);
    free(files);
    return err;
}

/* --- a connection --------------------------------------------------------- */

/* What the server has sent behind INFO came in clear, from whoever: it is not
 * taken for what came through TLS. */
GRUVI_SWITCHPOINT int
nats_secure_start(struct nats_node *node, const char *name)
{
    gruvi_tls_t *tls = node->settings.tls;
    const char *reason;
    int err;

    if (node->in.end > node->in.start) {
        gruvi_error("the server %s has sent bytes in clear before TLS",
                    node->info.name);
        return UV_EPROTO;
    }
    /* A reload may put another in its place meanwhile. */
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
