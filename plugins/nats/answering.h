/* SPDX-License-Identifier: MIT */
/* What this node answers to the others. */
#ifndef NATS_ANSWERING_H
#define NATS_ANSWERING_H

#include <stddef.h>

struct nats_input;
struct nats_node;

/* Answer a question, most in a fiber.  What is malformed, or too much, is not.
 */
void nats_answering_begin(struct nats_node *node,
                          const struct nats_input *input);

/* Free what fibers that never ran have left. */
void nats_answering_free(struct nats_node *node);

/* Write a subject for answers that nobody knows yet. */
int nats_answer_subject(char *subject, size_t room, const char *prefix);

#endif
