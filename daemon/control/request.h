/* SPDX-License-Identifier: MIT */
/*
 * A request of a client, and its answer: what a command's handler sees.
 *
 *     {"id":1,"do":"fibers","plugin":"echo"}        one object, one line
 *     {"id":1,"ok":true,"more":true,"fibers":[..]}  pieces of a long answer
 *     {"id":1,"ok":true,"fibers":[..]}              its end
 *     {"id":1,"ok":false,"code":"EINVAL","error":"there is no plugin ..."}
 *
 * Context of all: the fiber that the handler was called in.
 */
#ifndef GRUVID_CONTROL_REQUEST_H
#define GRUVID_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gruvi.h>
#include <jansson.h>

#include "control/peer.h"
#include "run/state.h"

struct gruvid__outlet;

struct gruvid__request {
    struct gruvid__daemon *daemon;
    const struct gruvid__peer *peer;
    const json_t *members; /* what was sent; checked against the command's */

    bool only_looks; /* a plugin asks: see gruvid_inspect() */

    /* Of dispatch.c and request.c. */
    struct gruvid__outlet *outlet;
    const struct gruvid__command *command;
    bool answered; /* the last line of the answer is out */
    int refusal;   /* the code of a refusal that was sent; 0: none */
};

enum gruvid__member_type {
    GRUVID__TEXT,   /* a string */
    GRUVID__FLAG,   /* true or false */
    GRUVID__WHOLE,  /* an integer, not negative */
    GRUVID__SECONDS /* a number, not negative */
};

struct gruvid__member {
    const char *name; /* NULL ends the array */
    enum gruvid__member_type type;
    bool needed;
};

struct gruvid__command {
    const char *name; /* NULL ends the table */
    enum gruvid__may who;
    bool looks; /* it changes nothing, whatever its members are */
    const struct gruvid__member *members; /* NULL: none */

    /*
     * Runs the command in a fiber of the first hub, and may wait.  It answers,
     * or returns a negative code, which is answered then.
     */
    GRUVI_SWITCHPOINT int (*handler)(struct gruvid__request *request);
};

/* --- what was sent ---------------------------------------------------------
 */

/* A member of the request; absent: NULL, false, or otherwise. */
const char *gruvid__request_text(const struct gruvid__request *request,
                                 const char *name);
bool gruvid__request_flag(const struct gruvid__request *request,
                          const char *name);
int64_t gruvid__request_whole(const struct gruvid__request *request,
                              const char *name, int64_t otherwise);
double gruvid__request_seconds(const struct gruvid__request *request,
                               const char *name, double otherwise);

/* Whether the client may do what only root and gruvid's own user may. */
bool gruvid__request_may_act(const struct gruvid__request *request);

/* --- the answer ------------------------------------------------------------
 */

/*
 * Answer, and say that it has worked.
 *
 *   fields  an object, taken over; NULL: there was no memory for it, which is
 *           answered then
 *
 * Returns 0.
 */
int gruvid__answer(struct gruvid__request *request, json_t *fields);

/*
 * Send a piece of a long answer, and wait while much of it is unread.
 *
 *   fields  as above
 *
 * Returns 0.
 * Errors:  UV_ENOMEM, UV_EPIPE (the client has gone, or does not read),
 *          UV_ECANCELED.
 */
GRUVI_SWITCHPOINT int gruvid__answer_piece(struct gruvid__request *request,
                                           json_t *fields);

/*
 * Answer with a list, in pieces where it is long: each has a member of that
 * name with some of the items.
 *
 *   items  an array, taken over; NULL: there was no memory, which is answered
 *
 * Returns 0.
 * Errors:  as gruvid__answer_piece().
 */
GRUVI_SWITCHPOINT int gruvid__answer_list(struct gruvid__request *request,
                                          const char *name, json_t *items);

/* The same, where more of the answer follows. */
GRUVI_SWITCHPOINT int gruvid__answer_pieces(struct gruvid__request *request,
                                            const char *name, json_t *items);

/*
 * gruvid__answer_piece() with the members as text, without the braces around
 * them: for pieces that a thread has made.
 */
GRUVI_SWITCHPOINT int gruvid__answer_piece_text(struct gruvid__request *request,
                                                const char *members,
                                                size_t length);

/*
 * Answer that it has not worked.
 *
 *   fields  as above; more about it.  May be NULL: nothing more
 *   code    a negative code
 *   format  a sentence for an operator; may quote what the client has sent
 *
 * Returns 0, so that a handler may return it.
 */
int gruvid__refuse(struct gruvid__request *request, int code,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int gruvid__refuse_with(struct gruvid__request *request, json_t *fields,
                        int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Answer a line that is no request. */
void gruvid__refuse_line(struct gruvid__outlet *outlet, int code,
                         const char *why);

#endif
