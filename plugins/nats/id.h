/* SPDX-License-Identifier: MIT */
/* Names that nobody knows yet: of messages, inboxes and answers. */
#ifndef NATS_ID_H
#define NATS_ID_H

/* 32 hexadecimal digits, and a zero. */
#define NATS_ID 33

/* Returns 0, or the error of uv_random(). */
int nats_id_new(char id[NATS_ID]);

#endif
