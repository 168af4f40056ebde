/* SPDX-License-Identifier: MIT */
/* Scripts of frames, of which frames/README.md says how they are written. */
#ifndef TESTS_HTTP_H2_SCRIPT_H
#define TESTS_HTTP_H2_SCRIPT_H

#include "http/h2_client.h"

/* What is sent, or what has to come of it. */
struct h2_line {
    unsigned number; /* of the line */
    bool sends;
    struct bytes bytes; /* to send */
    bool half;          /* to send: the end of this side */
    char *expects;
    struct h2_line *next;
};

struct h2_script {
    char name[96];
    const char *path; /* of its file */
    bool nothing;     /* the client does not send preface and SETTINGS */
    uint32_t fresh;   /* a stream of the client that it does not use */
    struct h2_line *first, **last;
    struct h2_script *next;
};

/* Read the files of $top_srcdir/tests/http/frames, in order; a mistake in them
 * ends the program. */
struct h2_script *h2_scripts_read(void);
void h2_scripts_free(struct h2_script *first);

/* Play a script on a connection that has begun as it says, and close that.
 * Unless the script has it end, another request has to be answered by it. */
void h2_script_play(const struct h2_script *script, struct h2 *h2);

#endif
