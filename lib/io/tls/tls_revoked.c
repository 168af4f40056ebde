/* SPDX-License-Identifier: MIT */
/*
 * Lists of revoked certificates (CRL), in the file of the authorities.
 *
 * OpenSSL loads such lists, and looks into them only when told to.  Then it
 * needs the list of each authority in a chain, or nobody is let in.  So an
 * authority without a list is a mistake here, and not at the first connection.
 */
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "io/tls/tls_openssl.h"

static bool
has_list(STACK_OF(X509_OBJECT) * objects, const X509 *authority)
{
    const X509_CRL *list;

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
        if (list != NULL &&
            X509_NAME_cmp(X509_CRL_get_issuer(list),
                          X509_get_subject_name(authority)) == 0)
            return true;
    }
    return false;
}

static int
refuse(X509 *authority)
{
    char name[32] = "an authority", message[GRUVI__TLS_REASON_SIZE];

    X509_NAME_get_text_by_NID(X509_get_subject_name(authority), NID_commonName,
                              name, sizeof name);
    snprintf(message, sizeof message, "authorities: no CRL of %s", name);
    return gruvi__tls_refuse(UV_EINVAL, message);
}

int
gruvi__tls_use_lists(SSL_CTX *context)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    bool any = false;
    X509 *authority;

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
        any |= X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) ==
               X509_LU_CRL;
    if (!any)
        return 0;
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (authority != NULL && X509_check_ca(authority) != 0 &&
            !has_list(objects, authority))
            return refuse(authority);
    }
    if (!X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK |
                                         X509_V_FLAG_CRL_CHECK_ALL))
        return UV_ENOMEM;
    return 0;
}
