/* SPDX-License-Identifier: MIT */
/*
 * Secrets: text, file:/PATH, or credential:NAME, a file in the folder that the
 * service manager hands over.
 *
 * No message here quotes the text, not even the path: a password may begin with
 * "file:" by mistake.
 */
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "config/internal.h"

static const char *
explain(int err)
{
    switch (err) {
    case UV_EFBIG:
        return "it is too large; 64 KiB are the most";
    case UV_EISDIR:
        return "it is a directory";
    case UV_ENOTSUP:
        return "it is not a regular file";
    default:
        return strerror(-err);
    }
}

static const char *
read_secret(gruvid__config_t *config, const char *path, gruvid__why_t *why)
{
    gruvid__content_t content;
    char *secret = NULL;
    size_t length;
    int err =
        gruvid__config_read(config, &content, path, GRUVID__MAX_SECRET, true);

    if (err == UV_ENOMEM)
        config->no_memory = true;
    if (err < 0) {
        gruvid__why(why, "the file of the secret cannot be read: %s",
                    explain(err));
        return NULL;
    }
    /* The editor adds the end of a line; it is not part of the secret. */
    length = content.length;
    if (length > 0 && content.text[length - 1] == '\n')
        length--;
    if (length > 0 && content.text[length - 1] == '\r')
        length--;
    if (length == 0)
        gruvid__why(why, "the file of the secret is empty");
    else if (memchr(content.text, '\0', length) != NULL)
        gruvid__why(why, "there is a NUL byte in the file of the secret");
    else if ((secret = gruvid__config_text(config, content.text, length)) ==
             NULL)
        gruvid__why(why, "out of memory");
    gruvid__content_free(&content);
    return secret;
}

const char *
gruvid__credential_path(gruvid__config_t *config, const char *name,
                        gruvid__why_t *why)
{
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    size_t length;
    char *path;

    if (*name == '\0' || strchr(name, '/') != NULL || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0) {
        gruvid__why(why, "the name of a credential is the name of a file");
        return NULL;
    }
    if (folder == NULL || *folder == '\0') {
        gruvid__why(why, "there are no credentials: CREDENTIALS_DIRECTORY is "
                         "not set (systemd: LoadCredential=)");
        return NULL;
    }
    length = strlen(folder) + strlen(name) + 2;
    path = gruvid__config_alloc(config, length, 1);
    if (path == NULL)
        gruvid__why(why, "out of memory");
    else
        snprintf(path, length, "%s/%s", folder, name);
    return path;
}

static const char *
read_credential(gruvid__config_t *config, const char *name, gruvid__why_t *why)
{
    const char *path = gruvid__credential_path(config, name, why);

    return path == NULL ? NULL : read_secret(config, path, why);
}

const char *
gruvid__parse_secret(gruvid__config_t *config, const char *text,
                     gruvid__why_t *why)
{
    static const char file[] = "file:";
    static const char credential[] = "credential:";

    if (strncmp(text, credential, sizeof credential - 1) == 0)
        return read_credential(config, text + sizeof credential - 1, why);
    if (strncmp(text, file, sizeof file - 1) != 0)
        return text;
    text += sizeof file - 1;
    if (*text == '/')
        return read_secret(config, text, why);
    gruvid__why(why, "the path of the secret's file is absolute: file:/PATH");
    return NULL;
}
