/* SPDX-License-Identifier: MIT */
#include "unit/certificates.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY 86400L

struct pair {
    X509 *certificate;
    EVP_PKEY *key;
};

static char folder[64];
static char paths[32][96];
static int path_count;
static pid_t owner;

static void
remove_files(void)
{
    if (getpid() != owner)
        return;
    while (path_count > 0)
        unlink(paths[--path_count]);
    rmdir(folder);
}

static void
must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "certificates: %s failed\n", what);
    abort();
}

static FILE *
create(const char *name, const char *end)
{
    char *path = paths[path_count++];
    FILE *file;

    snprintf(path, sizeof paths[0], "%s/%s%s", folder, name, end);
    file = fopen(path, "we");
    must(file != NULL, path);
    return file;
}

static void
extend(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension != NULL && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

/* issuer NULL: itself */
static struct pair
make(const char *name, const char *hosts, const struct pair *issuer, long until)
{
    static long serial = 1;
    struct pair pair = {X509_new(), EVP_EC_gen("P-256")};
    X509 *x = pair.certificate;
    FILE *file;

    if (issuer == NULL)
        issuer = &pair;
    must(x != NULL && pair.key != NULL, "a key");
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), -2 * DAY);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const void *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer->certificate));
    X509_set_pubkey(x, pair.key);
    if (hosts != NULL)
        extend(x, NID_subject_alt_name, hosts);
    else
        extend(x, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(x, issuer->key, EVP_sha256()) > 0, "signing");

    file = create(name, ".pem");
    must(PEM_write_X509(file, x), "writing");
    fclose(file);
    file = create(name, ".key");
    must(PEM_write_PrivateKey(file, pair.key, NULL, NULL, 0, NULL, NULL),
         "writing");
    fclose(file);
    return pair;
}

/* A list that says that a certificate is revoked. */
static void
write_list(FILE *file, const struct pair *issuer, const struct pair *revoked)
{
    X509_CRL *list = X509_CRL_new();
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = X509_gmtime_adj(NULL, -DAY);

    must(list != NULL && entry != NULL && time != NULL, "a list");
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer->certificate));
    X509_CRL_set1_lastUpdate(list, time);
    X509_REVOKED_set_revocationDate(entry, time);
    X509_REVOKED_set_serialNumber(entry,
                                  X509_get_serialNumber(revoked->certificate));
    X509_CRL_add0_revoked(list, entry);
    X509_gmtime_adj(time, DAY);
    X509_CRL_set1_nextUpdate(list, time);
    must(X509_CRL_sign(list, issuer->key, EVP_sha256()) > 0, "signing");
    must(PEM_write_X509_CRL(file, list), "writing");
    ASN1_TIME_free(time);
    X509_CRL_free(list);
}

static void
make_lists(const struct pair *ca, const struct pair *other)
{
    struct pair mallory = make("mallory", "email:m@example.org", ca, DAY);
    FILE *file = create("ca_list", ".pem");

    PEM_write_X509(file, ca->certificate);
    write_list(file, ca, &mallory);
    fclose(file);
    file = create("half_list", ".pem");
    PEM_write_X509(file, ca->certificate);
    PEM_write_X509(file, other->certificate);
    write_list(file, ca, &mallory);
    fclose(file);
    X509_free(mallory.certificate);
    EVP_PKEY_free(mallory.key);
}

static void
forget_pair(struct pair pair)
{
    X509_free(pair.certificate);
    EVP_PKEY_free(pair.key);
}

static void
make_all(void)
{
    static const char hosts[] = "DNS:localhost,IP:127.0.0.1,IP:::1";
    struct pair ca, other, good;
    FILE *file;

    owner = getpid();
    snprintf(folder, sizeof folder, "/tmp/gruvi-tls-XXXXXX");
    must(mkdtemp(folder) != NULL, "mkdtemp");
    atexit(remove_files);
    ca = make("ca", NULL, NULL, DAY);
    other = make("other_ca", NULL, NULL, DAY);
    good = make("good", hosts, &ca, DAY);
    forget_pair(make("second", hosts, &ca, DAY));
    forget_pair(make("named", "DNS:localhost", &ca, DAY));
    forget_pair(make("elsewhere", "DNS:elsewhere.test", &ca, DAY));
    forget_pair(make("expired", hosts, &ca, -DAY));
    forget_pair(make("self", hosts, NULL, DAY));
    forget_pair(make("foreign", hosts, &other, DAY));
    forget_pair(make("alice", "email:alice@example.org", &ca, DAY));
    file = create("secret", ".key");
    must(PEM_write_PrivateKey(file, good.key, EVP_aes_128_cbc(),
                              (const void *)"password", 8, NULL, NULL),
         "writing");
    fclose(file);
    file = create("junk", ".pem");
    fputs("nothing of use\n", file);
    fclose(file);
    make_lists(&ca, &other);
    forget_pair(ca);
    forget_pair(other);
    forget_pair(good);
}

const char *
certificate(const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t skip;

    pthread_once(&once, make_all);
    skip = strlen(folder) + 1;
    for (int i = 0; i < path_count; i++) {
        if (strcmp(paths[i] + skip, name) == 0)
            return paths[i];
    }
    must(0, name);
    return NULL;
}
