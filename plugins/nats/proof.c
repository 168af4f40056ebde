/* SPDX-License-Identifier: MIT */
#include "proof.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "credentials.h"
#include "secure.h"

#define MOST 65536 /* bytes of a file */

/* --- the file ------------------------------------------------------------- */

/* All that a regular file holds; what is none is not waited for.  why: set
 * where that is the reason. */
static GRUVI_SWITCHPOINT int
read_all(struct nats_proof *proof, gruvi_file_t *file, const char **why)
{
    uv_stat_t stat;
    ssize_t n = 1;
    int err = gruvi_file_fstat(file, &stat);

    if (err < 0)
        return err;
    if (!S_ISREG(stat.st_mode)) {
        *why = "is not a regular file";
        return UV_EINVAL;
    }
    proof->file = malloc(MOST);
    if (proof->file == NULL)
        return UV_ENOMEM;
    while (n > 0 && proof->size < MOST) {
        n = gruvi_file_read(file, proof->file + proof->size,
                            MOST - proof->size);
        if (n > 0)
            proof->size += (size_t)n;
    }
    if (n < 0)
        return (int)n;
    if (n > 0)
        *why = "has 64 KiB or more";
    return n == 0 ? 0 : UV_EFBIG;
}

/* Read anew for each connection: what issues credentials changes the file. */
static GRUVI_SWITCHPOINT int
read_credentials(struct nats_proof *proof, const char *text,
                 unsigned char seed[NATS_SEED])
{
    char path[PATH_MAX];
    const char *why = nats_secure_path(text, path, sizeof path);
    gruvi_file_t *file = NULL;
    int err = why == NULL ? 0 : UV_EINVAL;

    if (err == 0)
        err = gruvi_file_open(&file, path, O_RDONLY | O_NONBLOCK, 0);
    if (err == 0)
        err = read_all(proof, file, &why);
    (void)gruvi_file_close(file);
    if (err == 0)
        why =
            nats_credentials_read(proof->file, proof->size, &proof->jwt, seed);
    if (why != NULL)
        gruvi_error("the file of credentials %s", why);
    else if (err < 0 && err != UV_ECANCELED)
        gruvi_error("the file of credentials cannot be read: %s",
                    gruvi_strerror(err));
    return why == NULL ? err : UV_EINVAL;
}

/* --- the proof ------------------------------------------------------------ */

GRUVI_SWITCHPOINT int
nats_proof_make(struct nats_proof *proof, const struct nats_node *node)
{
    const struct nats_settings *settings = &node->settings;
    unsigned char seed[NATS_SEED];
    int err = 0;

    memset(proof, 0, sizeof *proof);
    if (settings->nkey == NULL && settings->credentials == NULL)
        return 0;
    if (node->info.nonce[0] == '\0') {
        gruvi_error("the server %s sends nothing to sign (nonce): it knows "
                    "neither nkey nor credentials, and gets no login",
                    node->info.name);
        return UV_ENOTSUP;
    }
    if (settings->nkey != NULL) /* it was checked */
        nats_seed_read(seed, settings->nkey, strlen(settings->nkey));
    else
        err = read_credentials(proof, settings->credentials, seed);
    if (err == 0 && !nats_sign(&proof->signature, seed, node->info.nonce))
        err = UV_ENOMEM;
    explicit_bzero(seed, sizeof seed);
    if (err < 0)
        nats_proof_forget(proof);
    return err;
}

void
nats_proof_forget(struct nats_proof *proof)
{
    if (proof->file != NULL)
        explicit_bzero(proof->file, MOST);
    free(proof->file);
    explicit_bzero(proof, sizeof *proof);
}
