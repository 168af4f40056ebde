/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests, made when first asked for, in a folder that is gone
 * when the program ends.
 */
#ifndef TESTS_UNIT_CERTIFICATES_H
#define TESTS_UNIT_CERTIFICATES_H

/*
 * The path of a file there; valid for good.
 *
 *   ca.pem        an authority           other_ca.pem  another one
 *   good.pem      localhost, 127.0.0.1, ::1, by the first
 *   second.pem    the same, another one
 *   named.pem     localhost, by the first
 *   elsewhere.pem for elsewhere.test     expired.pem   over since yesterday
 *   self.pem      signed by itself       foreign.pem   by the other authority
 *   alice.pem     a client, by the first
 *   mallory.pem   another one, which is revoked
 *   ca_list.pem   the first authority, with its list of revoked certificates
 *   half_list.pem both authorities, with the list of the first only
 *   NAME.key      the key of each
 *   secret.key    that of good.pem, encrypted
 *   junk.pem      no certificate
 */
const char *certificate(const char *name);

#endif
