/* SPDX-License-Identifier: MIT */
/*
 * postgres: asks a PostgreSQL server with libpq.
 *
 * Each line of the client is the $1 of the statement that the section sets:
 *
 *     LINE              row [LENGTH VALUE | null]... for each row
 *                       ok ROWS, or error TEXT
 *
 * libpq never blocks when it is used like this: it says what to wait for, and
 * the fiber waits with gruvi_wait_fd().  The code asks for libpq's socket each
 * time: when libpq tries another host or protocol, it closes its socket and
 * opens a new one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libpq-fe.h>
#include <gruvid/plugin.h>

static const gruvid_option_t options[] = {
    {.name = "database",
     .type = GRUVID_SECRET,
     .default_value = "",
     .help = "libpq's connection string; hosts as hostaddr or folders, because "
             "libpq stops the hub to look up names"},
    {.name = "statement",
     .type = GRUVID_STRING,
     .default_value = "select $1::text",
     .help = "what to ask; $1 is the client's line"},
    {.name = "timeout",
     .type = GRUVID_DURATION,
     .default_value = "5s",
     .min = "1ms",
     .max = "1h",
     .help = "how long an answer may take, connecting included"},
    GRUVID_OPTIONS_END,
};

/* A connection to the server for each client; NULL while there is none. */
struct session {
    const char *database;
    const char *statement;
    double timeout;
    PGconn *pg;
};

/* The server gives up by itself a little later: it does not notice that the
 * client does not wait for the answer any more. */
static PGconn *
begin_to_connect(const struct session *s)
{
    char limit[64];
    const char *const keywords[] = {"options", "dbname", NULL};
    const char *const values[] = {limit, s->database, NULL};

    snprintf(limit, sizeof limit, "-c statement_timeout=%ds",
             (int)s->timeout + 2);
    return PQconnectStartParams(keywords, values, 1);
}

static void
log_notice(void *arg, const char *text)
{
    (void)arg;
    gruvi_info("%.*s", (int)strcspn(text, "\n"), text);
}

static GRUVI_SWITCHPOINT int
connect_database(struct session *s)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;

    if (s->pg != NULL)
        return 0;
    s->pg = begin_to_connect(s);
    if (s->pg == NULL)
        return UV_ENOMEM;
    PQsetNoticeProcessor(s->pg, log_notice, NULL);
    if (PQstatus(s->pg) == CONNECTION_BAD)
        return UV_ECONNREFUSED;
    while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING) {
        int err = gruvi_wait_fd(PQsocket(s->pg),
                                want == PGRES_POLLING_READING ? UV_READABLE
                                                              : UV_WRITABLE,
                                GRUVI_FOREVER);
        if (err < 0)
            return err;
        want = PQconnectPoll(s->pg);
    }
    if (want != PGRES_POLLING_OK)
        return UV_ECONNREFUSED;
    return PQsetnonblocking(s->pg, 1) == 0 ? 0 : UV_ECONNRESET;
}

/* A sender has to receive meanwhile: the server may wait for that. */
static GRUVI_SWITCHPOINT int
send_statement(PGconn *pg, const char *statement, const char *line)
{
    int more, events;

    if (!PQsendQueryParams(pg, statement, 1, NULL, &line, NULL, NULL, 0))
        return UV_ECONNRESET;
    while ((more = PQflush(pg)) > 0) {
        events = gruvi_wait_fd(PQsocket(pg), UV_READABLE | UV_WRITABLE,
                               GRUVI_FOREVER);
        if (events < 0)
            return events;
        if ((events & UV_READABLE) && !PQconsumeInput(pg))
            return UV_ECONNRESET;
    }
    return more < 0 ? UV_ECONNRESET : 0;
}

/* The next result, which the caller clears; NULL after the last one. */
static GRUVI_SWITCHPOINT int
next_result(PGconn *pg, PGresult **result)
{
    while (PQisBusy(pg)) {
        int err = gruvi_wait_fd(PQsocket(pg), UV_READABLE, GRUVI_FOREVER);
        if (err < 0)
            return err;
        if (!PQconsumeInput(pg))
            return UV_ECONNRESET;
    }
    *result = PQgetResult(pg);
    return 0;
}

/* The result of the statement.  A single statement has a single result: libpq
 * is ready for the next statement when NULL has come. */
static GRUVI_SWITCHPOINT int
ask(struct session *s, const char *line, PGresult **result)
{
    PGresult *rest = NULL;
    int err = connect_database(s);

    if (err == 0)
        err = send_statement(s->pg, s->statement, line);
    if (err == 0)
        err = next_result(s->pg, result);
    if (err == 0)
        err = next_result(s->pg, &rest);
    if (err == 0 && (*result == NULL || rest != NULL))
        err = UV_ENOTSUP;
    PQclear(rest);
    return err;
}

static GRUVI_SWITCHPOINT int
say_error(gruvi_stream_t *client, const char *text)
{
    int len = (int)strcspn(text, "\n"); /* libpq's texts have several lines */
    char line[512];
    int n = snprintf(line, sizeof line, "error %.*s\n", len < 500 ? len : 500,
                     text);

    gruvi_warning("%.*s", len, text);
    return gruvi_stream_write(client, line, (size_t)n);
}

static GRUVI_SWITCHPOINT int
say_rows(gruvi_stream_t *client, const PGresult *result)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int err;

    if (out == NULL)
        return UV_ENOMEM;
    for (int row = 0; row < PQntuples(result); row++) {
        fputs("row", out);
        for (int i = 0; i < PQnfields(result); i++)
            if (PQgetisnull(result, row, i))
                fputs(" null", out);
            else
                fprintf(out, " %d %s", PQgetlength(result, row, i),
                        PQgetvalue(result, row, i));
        fputs("\n", out);
    }
    fprintf(out, "ok %d\n", PQntuples(result));
    err = fclose(out) == 0 ? gruvi_stream_write(client, text, len) : UV_ENOMEM;
    free(text);
    return err;
}

static GRUVI_SWITCHPOINT int
serve_line(gruvi_stream_t *client, struct session *s, const char *line)
{
    PGresult *result = NULL;
    int err = 0, said;

    GRUVI_WITH_SWITCH_BACK (limit, s->timeout)
        err = ask(s, line, &result);
    if (err == UV_ECANCELED)
        said = err;
    else if (err == UV_ECONNREFUSED || err == UV_ECONNRESET)
        said = say_error(client, PQerrorMessage(s->pg));
    else if (err < 0)
        said = say_error(client, gruvi_strerror(err));
    else if (PQresultStatus(result) == PGRES_TUPLES_OK ||
             PQresultStatus(result) == PGRES_COMMAND_OK)
        said = say_rows(client, result);
    else
        said = say_error(client, PQresultErrorMessage(result));
    PQclear(result);
    /* A late answer would be taken for the answer to the next line. */
    if (err < 0) {
        PQfinish(s->pg);
        s->pg = NULL;
    }
    return said;
}

static GRUVI_SWITCHPOINT int
serve(gruvi_stream_t *client, gruvid_plugin_t *plugin)
{
    struct session s = {
        .database = gruvid_option_string(plugin, "database"),
        .statement = gruvid_option_string(plugin, "statement"),
        .timeout = gruvid_option_duration(plugin, "timeout"),
    };
    char line[4096];
    ssize_t n;

    while ((n = gruvi_stream_read_line(client, line, sizeof line - 1)) > 0) {
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
        if ((n = serve_line(client, &s, line)) < 0)
            break;
    }
    PQfinish(s.pg);
    return (int)n;
}

GRUVID_PLUGIN(postgres,
    .version = "1.0",
    .summary = "asks a PostgreSQL server, with libpq",
    .options = options,
    .connection = serve,
    .multi_hub = true);
