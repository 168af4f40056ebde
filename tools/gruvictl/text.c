/* SPDX-License-Identifier: MIT */
/*
 * A name may hold what steers a terminal: colours, titles, a change of the
 * direction of writing.  All that has no width of its own is escaped.
 */
#include "gruvictl/text.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "gruvictl/gruvictl.h"

void *
need(void *memory)
{
    if (memory == NULL) {
        fputs("gruvictl: out of memory\n", stderr);
        exit(REFUSED);
    }
    return memory;
}

/* The bytes and columns of the first character; 0 bytes: it is none, or cannot
 * be shown. */
static size_t
measure(const char *text, size_t length, int *width)
{
    mbstate_t state = {0};
    wchar_t wide;
    size_t n = mbrtowc(&wide, text, length, &state);

    if (n == 0 || n > length)
        return 0;
    *width = wcwidth(wide);
    return *width > 0 ? n : 0;
}

char *
safe_text(const char *text, size_t *width)
{
    size_t length = strlen(text), columns = 0;
    char *safe = need(malloc(4 * length + 1)), *to = safe;

    while (length > 0) {
        int w;
        size_t n = measure(text, length, &w);

        if (n > 0) {
            to = mempcpy(to, text, n);
            columns += (size_t)w;
        } else {
            n = 1;
            to += sprintf(to, "\\x%02x", (unsigned char)*text);
            columns += 4;
        }
        text += n;
        length -= n;
    }
    *to = '\0';
    if (width != NULL)
        *width = columns;
    return safe;
}

static const char *
cut_mark(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "\u2026" : "~";
}

void
print_cut(FILE *out, const char *safe, size_t width, size_t most)
{
    size_t left = most - 1; /* the mark has one */

    if (width <= most) {
        fputs(safe, out);
        return;
    }
    while (*safe != '\0') {
        int w;
        size_t n = measure(safe, strlen(safe), &w);

        if (n == 0 || (size_t)w > left)
            break;
        fwrite(safe, 1, n, out);
        safe += n;
        left -= (size_t)w;
    }
    fputs(cut_mark(), out);
    for (; left > 0; left--) /* a wide character did not fit */
        fputc(' ', out);
}

void
print_safe(FILE *out, const char *text)
{
    char *safe = safe_text(text, NULL);

    fputs(safe, out);
    free(safe);
}
