/* SPDX-License-Identifier: MIT */
/* Writes the requests of tests/http/corpus as files into a folder, for the
 * fuzzer to begin with. */
#include <stdio.h>

#include "http/corpus.h"

int
main(int argc, char *argv[])
{
    struct request_case *first = corpus_read();
    char path[4096];
    unsigned n = 0;

    for (struct request_case *c = first; c != NULL && argc > 1; c = c->next) {
        FILE *file;
        snprintf(path, sizeof path, "%s/%u", argv[1], n++);
        file = fopen(path, "w");
        if (file == NULL)
            return 1;
        fwrite(c->sent.data, 1, c->sent.size, file);
        fclose(file);
    }
    corpus_free(first);
    return 0;
}
