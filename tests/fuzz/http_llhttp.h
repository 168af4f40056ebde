/* SPDX-License-Identifier: MIT */
/* What llhttp, the parser of node, reads in a request. */
#ifndef TESTS_FUZZ_HTTP_LLHTTP_H
#define TESTS_FUZZ_HTTP_LLHTTP_H

#include <stdbool.h>
#include <stddef.h>

struct llhttp_reading {
    char body[65536];
    size_t size;
    bool complete;
};

/* Whether a method is in its list. */
bool http_llhttp_knows(const char *method);

/* Returns the name of its error, "" for none; of HPE_STRICT, which says little,
 * the reason. */
const char *http_llhttp_read(struct llhttp_reading *reading, const char *data,
                             size_t size);

#endif
