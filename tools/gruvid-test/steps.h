/* SPDX-License-Identifier: MIT */
/* What the steps of a script do.  Context of all: the script's fiber. */
#ifndef GRUVID_TEST_STEPS_H
#define GRUVID_TEST_STEPS_H

#include <gruvi/switchpoint.h>

#include "gruvid-test/script.h"

struct client;

/* Of connections.  keep_client() calls a client that has begun as the step
 * says; there has to be room. */
bool has_room(const struct step *step);
void keep_client(const struct step *step, const struct client *client);
GRUVI_SWITCHPOINT bool step_connect(const struct step *step);
bool step_close(const struct step *step);
GRUVI_SWITCHPOINT bool step_shutdown(const struct step *step);
bool step_reset(const struct step *step);
bool step_cancel(const struct step *step);
GRUVI_SWITCHPOINT bool step_send(const struct step *step);
GRUVI_SWITCHPOINT bool step_expect(const struct step *step);
GRUVI_SWITCHPOINT bool step_until(const struct step *step);
GRUVI_SWITCHPOINT bool step_eof(const struct step *step);
GRUVI_SWITCHPOINT bool step_quiet(const struct step *step);

/* Of time, of gruvid and its log. */
GRUVI_SWITCHPOINT bool step_sleep(const struct step *step);
bool step_elapsed(const struct step *step);
bool step_within(const struct step *step);
GRUVI_SWITCHPOINT bool step_expect_log(const struct step *step);
GRUVI_SWITCHPOINT bool step_reload(const struct step *step);
bool step_stop(const struct step *step);

/* Of requests. */
bool step_request(const struct step *step);
bool step_header(const struct step *step);
GRUVI_SWITCHPOINT bool step_open(const struct step *step);
bool step_body(const struct step *step);
GRUVI_SWITCHPOINT bool step_status(const struct step *step);

/* Have play() do this script: all its steps in order, until one is not as it
 * should be; played() closes what is open then. */
void play_script(const struct script *script);
GRUVI_SWITCHPOINT void play(void);
void played(void);

/* Close what is open, at the end. */
void close_connections(void);
void forget_request(void);

/* A step is not as it should be: say so.  Returns false. */
bool spoilt(const struct step *step, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
