/* SPDX-License-Identifier: MIT */
/*
 * A worker on libnats: the library's threads read and deliver, and hand each
 * message over to one thread, which answers.  See bench_nats.c.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nats/nats.h>

static const char answer[] = "Hello, you!\n";

struct item {
    struct item *next;
    natsMsg *message;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
static struct item *first, **last = &first;

static void
check(natsStatus status, const char *what)
{
    if (status == NATS_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, natsStatus_GetText(status));
    exit(1);
}

static void
hand_over(natsConnection *connection, natsSubscription *subscription,
          natsMsg *message, void *arg)
{
    struct item *item = malloc(sizeof *item);

    (void)connection;
    (void)subscription;
    (void)arg;
    if (item == NULL)
        exit(1);
    *item = (struct item){NULL, message};
    pthread_mutex_lock(&lock);
    *last = item;
    last = &item->next;
    pthread_cond_signal(&ready);
    pthread_mutex_unlock(&lock);
}

static struct item *
next(void)
{
    struct item *item;

    pthread_mutex_lock(&lock);
    while (first == NULL)
        pthread_cond_wait(&ready, &lock);
    item = first;
    first = item->next;
    if (first == NULL)
        last = &first;
    pthread_mutex_unlock(&lock);
    return item;
}

/* Durable messages, in batches, in one thread. */
static void
work(natsConnection *connection, int in_work)
{
    natsSubscription *subscription;
    natsMsgList list;
    natsStatus status;
    jsErrCode code;
    jsCtx *stream;

    check(natsConnection_JetStream(&stream, connection, NULL), "JetStream");
    check(
        js_PullSubscribe(&subscription, stream, "work", "w", NULL, NULL, &code),
        "pull");
    for (;;) {
        status =
            natsSubscription_Fetch(&list, subscription, in_work, 1000, &code);
        if (status == NATS_TIMEOUT)
            continue;
        check(status, "fetch");
        for (int i = 0; i < list.Count; i++)
            check(natsMsg_Ack(list.Msgs[i], NULL), "ack");
        natsMsgList_Destroy(&list);
    }
}

int
main(void)
{
    const char *port = getenv("BENCH_PORT"), *n = getenv("BENCH_SUBJECTS");
    natsConnection *connection;
    natsSubscription *subscription;
    natsOptions *options;
    char text[64];

    snprintf(text, sizeof text, "nats://127.0.0.1:%s", port);
    check(natsOptions_Create(&options), "options");
    check(natsOptions_SetURL(options, text), text);
    check(natsOptions_UseGlobalMessageDelivery(options, true), "delivery");
    check(natsConnection_Connect(&connection, options), text);
    for (int i = 0; i < atoi(n); i++) {
        char subject[16];

        snprintf(subject, sizeof subject, "s%d", i);
        check(natsConnection_QueueSubscribe(&subscription, connection, subject,
                                            "gruvid", hand_over, NULL),
              subject);
    }
    printf("%s\n", text);
    fflush(stdout);
    if (getenv("BENCH_WORK") != NULL)
        work(connection, atoi(getenv("BENCH_WORK")));
    for (;;) {
        struct item *item = next();

        check(natsConnection_Publish(connection,
                                     natsMsg_GetReply(item->message), answer,
                                     sizeof answer - 1),
              "publish");
        natsMsg_Destroy(item->message);
        free(item);
    }
}
