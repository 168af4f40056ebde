/* SPDX-License-Identifier: MIT */
/* Steps of requests: they reach the plugin's handler as calls of another plugin
 * do, or by a transport of the host's, where they are opened.  Headers and the
 * body in front of "status" are the request's, those behind it are what the
 * answer has to have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gruvid-test/drive.h"
#include "gruvid-test/opened.h"
#include "gruvid-test/steps.h"
#include "gruvid-test/words.h"

#define MOST 32

static char *method, *target; /* NULL: there is no request */
static char *lines[MOST];     /* headers */
static gruvid_header_t headers[MOST];
static size_t n_headers;
static const struct step *sent; /* its body; NULL: none */
static gruvid_answer_t *answer; /* NULL: it was not asked for */
static struct opened *opened;   /* NULL: it is no such request */

void
forget_request(void)
{
    gruvid_answer_free(answer);
    answer = NULL;
    opened_drop(opened);
    opened = NULL;
    for (size_t i = 0; i < n_headers; i++)
        free(lines[i]);
    n_headers = 0;
    free(method);
    method = target = NULL;
    sent = NULL;
}

bool
step_request(const struct step *step)
{
    forget_request();
    method = strdup(step->text);
    target = method == NULL ? NULL : strchr(method, ' ');
    if (target == NULL)
        return spoilt(step, "a request is a method and a path");
    *target++ = '\0';
    return true;
}

/* Cut "Name: value". */
static bool
cut_header(char *line, gruvid_header_t *header)
{
    char *colon = line == NULL ? NULL : strchr(line, ':');

    if (colon == NULL)
        return false;
    *colon++ = '\0';
    header->name = line;
    header->value = colon + strspn(colon, " ");
    return true;
}

static bool
expect_header(const struct step *step, const gruvid_header_t *wanted)
{
    const char *got = "no such header";

    for (size_t i = 0; i < answer->n_headers; i++)
        if (strcasecmp(answer->headers[i].name, wanted->name) == 0) {
            got = answer->headers[i].value;
            if (strcmp(got, wanted->value) == 0)
                return true;
        }
    return spoilt(step, "expected %s: %s, got %s", wanted->name, wanted->value,
                  got);
}

bool
step_header(const struct step *step)
{
    char *line = strdup(step->text);
    gruvid_header_t header;
    bool ok;

    if (!cut_header(line, &header) || n_headers == MOST) {
        free(line);
        return spoilt(step, "a header is NAME: VALUE");
    }
    if (answer == NULL && opened == NULL) {
        lines[n_headers] = line;
        headers[n_headers++] = header;
        return true;
    }
    ok = answer != NULL ? expect_header(step, &header)
                        : spoilt(step, "expect its status before");
    free(line);
    return ok;
}

bool
step_body(const struct step *step)
{
    if (answer == NULL) {
        sent = step;
        return true;
    }
    if (opened != NULL)
        return spoilt(step, "the body comes on the connection");
    if (answer->size == step->length &&
        (step->length == 0 ||
         memcmp(answer->data, step->text, step->length) == 0))
        return true;
    return spoilt(step, "expected the body %s, got %s",
                  shown(step->text, step->length),
                  shown(answer->data, answer->size));
}

/* --- the answer ----------------------------------------------------------- */

static gruvid_call_t
call_now(void)
{
    return (gruvid_call_t){
        .method = method,
        .path = target,
        .headers = headers,
        .n_headers = n_headers,
        .data = sent == NULL ? NULL : sent->text,
        .size = sent == NULL ? 0 : sent->length,
    };
}

static bool
can_ask(const struct step *step)
{
    return (target != NULL && answer == NULL) ||
           spoilt(step, "there is no request in front of it");
}

GRUVI_SWITCHPOINT bool
step_open(const struct step *step)
{
    gruvid_call_t call = call_now();
    struct client client;
    int err;

    if (!can_ask(step) || !has_room(step))
        return false;
    if (opened != NULL)
        return spoilt(step, "it is open");
    err = client_open(&client, &call);
    if (err < 0)
        return spoilt(step, "open: %s", gruvi_strerror(err));
    keep_client(step, &client);
    opened = client.opened; /* NOLINT(gruvi-stale): the script's fiber opens */
    opened_hold(opened);
    return true;
}

GRUVI_SWITCHPOINT bool
step_status(const struct step *step)
{
    gruvid_call_t call = call_now();
    int wanted = atoi(step->text), err;

    if (!can_ask(step))
        return false;
    err = opened != NULL ? opened_head(opened, &answer)
                         : drive_request(&call, &answer);
    if (err < 0)
        return spoilt(step, "expected status %d, but: %s", wanted,
                      gruvi_strerror(err));
    /* NOLINTNEXTLINE(gruvi-stale): ask_in_plugin() has set it */
    return answer->status == wanted ||
           spoilt(step, "expected status %d, got %d with the body %s", wanted,
                  answer->status, shown(answer->data, answer->size));
}
