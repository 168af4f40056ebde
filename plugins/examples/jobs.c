/* SPDX-License-Identifier: MIT */
/*
 * jobs: does the jobs of a table in PostgreSQL, with libpq.  To try it:
 *
 *     create table jobs (id bigserial primary key, task text not null,
 *                        due timestamptz default now());
 *     insert into jobs (task) values ('say hello'); notify jobs;
 *
 * A task is the body of a request to the plugin worker.  A transaction locks
 * the job, and others skip it; when gruvid dies, another does it.  database is
 * libpq's string, without host names: to look up one would block the hub.
 */
#include <string.h>
#include <libpq-fe.h>
#include <gruvid/request.h>

#define TAKE                                                                   \
    "select id, task from jobs where due <= now() order by due "               \
    "for update skip locked limit 1"
#define DONE    "delete from jobs where id = $1"
#define PUT_OFF "update jobs set due = now() + '1 min' where id = $1"

static const gruvid_option_t options[] = {
    {.name = "worker", .type = GRUVID_STRING, .required = true},
    {.name = "database", .type = GRUVID_SECRET, .default_value = ""},
    GRUVID_OPTIONS_END,
};

/* libpq may go on with another socket, so each wait asks for it. */
static GRUVI_SWITCHPOINT int
connect_database(PGconn *pg)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    int err = PQstatus(pg) == CONNECTION_BAD ? UV_ECONNREFUSED : 0;

    while (err >= 0 && want != PGRES_POLLING_OK) {
        err = gruvi_wait_fd(
            PQsocket(pg),
            want == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, 10.0);
        if (err >= 0 && (want = PQconnectPoll(pg)) == PGRES_POLLING_FAILED)
            err = UV_ECONNREFUSED;
    }
    return err < 0 ? err : 0;
}

static GRUVI_SWITCHPOINT int
wait_for_input(PGconn *pg, double timeout)
{
    int err = gruvi_wait_fd(PQsocket(pg), UV_READABLE, timeout);

    return err >= 0 && !PQconsumeInput(pg) ? UV_ECONNRESET : err;
}

/* Run a statement; id is its parameter, or NULL.  It is so short that it fits
 * into the socket, so that to send it never waits. */
static GRUVI_SWITCHPOINT int
query(PGconn *pg, const char *statement, const char *id, PGresult **result)
{
    PGresult *next, *last = NULL;
    int err = 0;

    if (!PQsendQueryParams(pg, statement, id != NULL, NULL, &id, NULL, NULL, 0))
        return UV_ECONNRESET;
    while (err >= 0) {
        while (err >= 0 && PQisBusy(pg))
            err = wait_for_input(pg, GRUVI_FOREVER);
        if (err < 0 || (next = PQgetResult(pg)) == NULL)
            break;
        PQclear(last);
        last = next;
    }
    if (err >= 0 && PQresultErrorMessage(last)[0] != '\0')
        err = UV_EIO;
    if (result != NULL)
        *result = last;
    else
        PQclear(last);
    return err < 0 ? err : 0;
}

/* A job that fails is put off, unless it fails because gruvid stops. */
static GRUVI_SWITCHPOINT int
do_job(PGconn *pg, gruvid_plugin_t *plugin, const char *id, const char *task)
{
    const char *worker = gruvid_option_string(plugin, "worker");
    gruvid_call_t call = {.data = task, .size = strlen(task)};
    gruvid_answer_t *answer;
    int err = gruvid_call(worker, &call, &answer, GRUVI_FOREVER);
    bool done = err == 0 && answer->status < 300;

    gruvid_answer_free(answer);
    if (err == UV_ECANCELED || (!done && gruvid_plugin_draining(plugin)))
        return UV_ECANCELED;
    if (!done)
        gruvi_warning("job %s is put off", id);
    return query(pg, done ? DONE : PUT_OFF, id, NULL);
}

/* Returns 1 if there was a job, 0 if none. */
static GRUVI_SWITCHPOINT int
next_job(PGconn *pg, gruvid_plugin_t *plugin)
{
    PGresult *job = NULL;
    int found = 0, err = query(pg, "begin", NULL, NULL);

    if (err == 0)
        err = query(pg, TAKE, NULL, &job);
    if (err == 0 && (found = PQntuples(job)) > 0)
        err = do_job(pg, plugin, PQgetvalue(job, 0, 0), PQgetvalue(job, 0, 1));
    PQclear(job);
    if (err == 0)
        err = query(pg, "commit", NULL, NULL);
    return err < 0 ? err : found;
}

static GRUVI_SWITCHPOINT int
work(void *plugin)
{
    PGnotify *notify;
    PGconn *pg;
    int err;

    do {
        pg = PQconnectStart(gruvid_option_string(plugin, "database"));
        err = connect_database(pg);
        if (err == 0)
            err = query(pg, "listen jobs", NULL, NULL);
        while (err >= 0) {
            err = next_job(pg, plugin);
            notify = PQnotifies(pg); /* it may have come with a result */
            if (err == 0 && notify == NULL)
                err = wait_for_input(pg, 60.0); /* a job may be due then */
            PQfreemem(notify);
            err = err == UV_ETIMEDOUT ? 0 : err;
        }
        if (err != UV_ECANCELED)
            gruvi_warning("%s: %s", gruvi_strerror(err), PQerrorMessage(pg));
        PQfinish(pg); /* the server gives a job that is not done back */
    } while (err != UV_ECANCELED && gruvi_sleep(1) == 0);
    return 0;
}

static int
start(gruvid_plugin_t *plugin)
{
    return gruvi_go(work, plugin);
}

GRUVID_PLUGIN(jobs, .summary = "does jobs of a table in PostgreSQL",
    .options = options, .start = start);
