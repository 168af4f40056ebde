/* SPDX-License-Identifier: MIT */
/* Any text as an address, of a stream and of gruvid's configuration, and any
 * bytes as a header of the PROXY protocol, of which each part has to be
 * unfinished until all of it is there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "io/socket/address.h"
#include "serve/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static void
check_same(const struct gruvi__address *one, const struct gruvi__address *two)
{
    must(one->length == two->length);
    must(memcmp(&one->at, &two->at, one->length) == 0);
}

/* What an address is written as is read as the same address. */
static void
read_address(const char *text)
{
    struct gruvi__address address, again;
    char written[512];

    if (gruvi__address_parse(&address, text) < 0)
        return;
    must(memchr(address.host, '\0', sizeof address.host) != NULL);
    must(address.length <= sizeof address.at);
    if (address.host[0] != '\0')
        return;
    if (gruvi__address_format(&address.at, address.length, written,
                              sizeof written) < 0)
        abort();
    /* A path may hold what ends it as text. */
    if (address.at.any.sa_family == AF_UNIX)
        return;
    must(gruvi__address_parse(&again, written) == 0);
    check_same(&address, &again);
}

static void
read_header(const uint8_t *data, size_t size)
{
    struct gruvid__proxy_header header, part;
    unsigned char *bytes;
    int err = gruvid__proxy_header_read(&header, data, size);

    if (err == 0)
        must(header.size > size);
    if (err < 0)
        must(header.why != NULL && header.why[0] != '\0');
    if (err <= 0)
        return;
    must(header.size <= size && header.length <= sizeof header.client);
    for (size_t n = 0; n < header.size; n++) {
        bytes = malloc(n + 1);
        must(bytes != NULL);
        memcpy(bytes, data, n);
        must(gruvid__proxy_header_read(&part, bytes, n) == 0);
        free(bytes);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    read_address(text);
    free(text);
    read_header(data, size);
    return 0;
}
