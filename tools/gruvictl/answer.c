/* SPDX-License-Identifier: MIT */
/* An answer as its command shows it, or as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "gruvictl/gruvictl.h"
#include "gruvictl/text.h"

/* jansson leaves one character that could steer a terminal. */
void
print_json(const json_t *answer, size_t form)
{
    char *text =
        need(json_dumps(answer, form | JSON_ENSURE_ASCII | JSON_ENCODE_ANY));

    for (const char *c = text; *c != '\0'; c++)
        if (*c == 0x7f)
            fputs("\\u007f", stdout);
        else
            putchar(*c);
    free(text);
}

void
show_answer(const struct task *task, const json_t *answer)
{
    if (!task->json && task->command->show != NULL) {
        task->command->show(task, answer);
        return;
    }
    print_json(answer, JSON_REAL_PRECISION(9) |
                           (task->json ? JSON_COMPACT : JSON_INDENT(2)));
    putchar('\n');
    fflush(stdout);
}
