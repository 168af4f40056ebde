/* SPDX-License-Identifier: MIT */
/* Text in a buffer: see text.h. */
#include "watch/text.h"

#include <string.h>

/* Left free behind a stack for what follows it. */
#define TAIL 160

void
gruvid__text_begin(struct gruvid__text *text, char *buf, size_t size)
{
    text->at = buf;
    text->end = buf + size - 1;
    *text->at = '\0';
}

void
gruvid__text_add(struct gruvid__text *text, const char *words)
{
    while (*words != '\0' && text->at < text->end)
        *text->at++ = *words++;
    *text->at = '\0';
}

static void
add_digits(struct gruvid__text *text, uint64_t number, unsigned base)
{
    char digits[24];
    char *at = &digits[sizeof digits - 1];

    *at = '\0';
    do
        *--at = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    gruvid__text_add(text, at);
}

void
gruvid__text_number(struct gruvid__text *text, uint64_t number)
{
    add_digits(text, number, 10);
}

void
gruvid__text_hex(struct gruvid__text *text, uint64_t number)
{
    gruvid__text_add(text, "0x");
    add_digits(text, number, 16);
}

void
gruvid__text_build(struct gruvid__text *text, const gruvi__module_t *module)
{
    char id[GRUVI__BUILD_ID_TEXT];

    gruvi__build_id_text(module, id);
    if (id[0] == '\0')
        return;
    gruvid__text_add(text, gruvi__module_name(module));
    gruvid__text_add(text, " is build ");
    gruvid__text_add(text, id);
}

void
gruvid__text_stack(struct gruvid__text *text, const gruvi__frames_t *frames)
{
    char frame[256];
    unsigned i;

    for (i = 0; i < frames->n; i++) {
        size_t n = gruvi__address_text(frames->at[i], frame, sizeof frame);

        if (n + TAIL > (size_t)(text->end - text->at))
            break;
        gruvid__text_add(text, i == 0 ? "" : " < ");
        gruvid__text_add(text, frame);
    }
    if (i < frames->n)
        gruvid__text_add(text, " < ...");
    if (frames->note[0] != '\0') {
        gruvid__text_add(text, " (");
        gruvid__text_add(text, frames->note);
        gruvid__text_add(text, ")");
    }
}
