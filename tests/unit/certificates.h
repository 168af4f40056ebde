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
 *   elsewhere.pem for elsewhere.test     expired.pem   over since yesterday
 *   self.pem      signed by itself       foreign.pem   by the other authority
 *   alice.pem     a client, by the first
 *   NAME.key      the key of each
 *   secret.key    that of good.pem, encrypted
 *   junk.pem      no certificate
 */
const char *certificate(const char *name);

#endif
