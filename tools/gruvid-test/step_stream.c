/* SPDX-License-Identifier: MIT */
/* Steps of connections: the clients' ends. */
#include <string.h>

#include <gruvi.h>

#include "gruvid-test/drive.h"
#include "gruvid-test/expect.h"
#include "gruvid-test/steps.h"
#include "gruvid-test/words.h"

#define MOST 64

/* A connection that the script has begun. */
static struct end {
    const char *name;
    struct client client; /* its stream is NULL once it is closed */
} ends[MOST];
static size_t n_ends;

static struct end *
find_open(const char *name)
{
    for (size_t i = 0; i < n_ends; i++)
        if (strcmp(ends[i].name, name) == 0 && ends[i].client.stream != NULL)
            return &ends[i];
    return NULL;
}

static struct end *
find(const struct step *step)
{
    struct end *end = find_open(step->name);

    if (end == NULL)
        spoilt(step, "there is no connection %s", step->name);
    return end;
}

static gruvi_stream_t *
find_stream(const struct step *step)
{
    const struct end *end = find(step);

    return end == NULL ? NULL : end->client.stream;
}

bool
has_room(const struct step *step)
{
    if (find_open(step->name) != NULL)
        return spoilt(step, "connection %s is there: close it first",
                      step->name);
    return n_ends < MOST ||
           spoilt(step, "a script has at most %d connections", MOST);
}

void
keep_client(const struct step *step, const struct client *client)
{
    ends[n_ends++] = (struct end){step->name, *client};
}

GRUVI_SWITCHPOINT bool
step_connect(const struct step *step)
{
    struct client client;
    int err;

    if (!has_room(step))
        return false;
    err = client_connect(&client);
    if (err < 0)
        return spoilt(step, "connect: %s", gruvi_strerror(err));
    keep_client(step, &client);
    return true;
}

/* --- its end -------------------------------------------------------------- */

static void
close_end(struct end *end)
{
    if (end->client.stream != NULL)
        gruvi_stream_close(end->client.stream);
    client_forget(&end->client);
}

void
close_connections(void)
{
    for (size_t i = 0; i < n_ends; i++)
        close_end(&ends[i]);
}

bool
step_close(const struct step *step)
{
    struct end *end = find(step);

    if (end != NULL)
        close_end(end);
    return end != NULL;
}

bool
step_reset(const struct step *step)
{
    struct end *end = find(step);

    if (end == NULL)
        return false;
    client_reset(&end->client);
    close_end(end);
    return true;
}

bool
step_cancel(const struct step *step)
{
    const struct end *end = find(step);

    if (end == NULL)
        return false;
    return client_cancel(&end->client) ||
           spoilt(step, "no fiber serves connection %s", step->name);
}

GRUVI_SWITCHPOINT bool
step_shutdown(const struct step *step)
{
    gruvi_stream_t *stream = find_stream(step);
    int err = stream == NULL ? 0 : gruvi_stream_shutdown(stream);

    if (err < 0)
        return spoilt(step, "shutdown: %s", gruvi_strerror(err));
    return stream != NULL;
}

/* --- bytes ---------------------------------------------------------------- */

static bool
is_well(const struct step *step, const char *wrong)
{
    return wrong == NULL || spoilt(step, "%s", wrong);
}

GRUVI_SWITCHPOINT bool
step_send(const struct step *step)
{
    gruvi_stream_t *stream = find_stream(step);

    return stream != NULL &&
           is_well(step, do_send(stream, step->name, step->text, step->length));
}

GRUVI_SWITCHPOINT bool
step_expect(const struct step *step)
{
    gruvi_stream_t *stream = find_stream(step);

    return stream != NULL &&
           is_well(step,
                   expect_bytes(stream, step->name, step->text, step->length));
}

GRUVI_SWITCHPOINT bool
step_until(const struct step *step)
{
    gruvi_stream_t *stream = find_stream(step);

    return stream != NULL &&
           is_well(step,
                   expect_until(stream, step->name, step->text, step->length));
}

GRUVI_SWITCHPOINT bool
step_eof(const struct step *step)
{
    gruvi_stream_t *stream = find_stream(step);

    return stream != NULL && is_well(step, expect_end(stream, step->name));
}

GRUVI_SWITCHPOINT bool
step_quiet(const struct step *step)
{
    gruvi_stream_t *stream = find_stream(step);

    return stream != NULL &&
           is_well(step, expect_quiet(stream, step->name, step->seconds));
}
