/* SPDX-License-Identifier: MIT */
#include "protocol.h"

#include <string.h>
#include <strings.h>
#include <uv.h>

/* The most words of a line: HMSG, subject, sid, reply, two numbers. */
#define WORDS 6

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* --- subjects ------------------------------------------------------------- */

static bool
is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (is_blank(text[i]) || is_control(text[i]))
            return false;
    return size > 0;
}

/* Whether all tokens are; wild: as those of a pattern. */
static bool
are_tokens(const char *text, size_t size, bool wild)
{
    const char *end = text + size;

    for (;;) {
        const char *dot = memchr(text, '.', (size_t)(end - text));
        size_t length = (size_t)((dot != NULL ? dot : end) - text);

        if (!is_token(text, length))
            return false;
        if (length == 1 && (*text == '*' || *text == '>') &&
            (!wild || (*text == '>' && dot != NULL)))
            return false;
        if (dot == NULL)
            return true;
        text = dot + 1;
    }
}

bool
nats_is_subject(const char *text, size_t size)
{
    return are_tokens(text, size, false);
}

bool
nats_is_pattern(const char *text, size_t size)
{
    return are_tokens(text, size, true);
}

bool
nats_subject_fits(const char *subject, const char *pattern)
{
    for (;;) {
        size_t n = strcspn(subject, "."), m = strcspn(pattern, ".");

        if (strcmp(pattern, ">") == 0)
            return n > 0;
        if ((m != 1 || *pattern != '*') &&
            (n != m || memcmp(subject, pattern, n) != 0))
            return false;
        if (subject[n] == '\0' || pattern[m] == '\0')
            return subject[n] == pattern[m];
        subject += n + 1;
        pattern += m + 1;
    }
}

/* --- text ----------------------------------------------------------------- */

void
nats_quote(char *to, size_t room, const char *text, size_t size)
{
    size_t n = size < room ? size : room - 1;

    for (size_t i = 0; i < n; i++)
        to[i] = is_control(text[i]) ? '?' : text[i];
    to[n] = '\0';
}

/* --- lines ---------------------------------------------------------------- */

/* Find the line's end: 0: it is not there; its size is that without "\r\n". */
static ssize_t
find_line(const char *data, size_t size, size_t *need)
{
    size_t limit = size >= 4 && strncasecmp(data, "INFO", 4) == 0
                       ? NATS_INFO_LINE
                       : NATS_LINE;
    const char *end = memchr(data, '\n', size < limit ? size : limit);

    *need = size + 1;
    if (end == NULL)
        return size < limit ? 0 : UV_EPROTO;
    if (end == data || end[-1] != '\r')
        return UV_EPROTO;
    for (const char *p = data; p < end - 1; p++)
        if (is_control(*p) && *p != '\t')
            return UV_EPROTO;
    return end + 1 - data;
}

/* The words of a line; more than WORDS are WORDS + 1. */
static size_t
split(const char *line, size_t size, struct nats_span *words)
{
    size_t n = 0, i = 0;

    for (;;) {
        while (i < size && is_blank(line[i]))
            i++;
        if (i == size || n == WORDS)
            return i == size ? n : n + 1;
        words[n].at = line + i;
        while (i < size && !is_blank(line[i]))
            i++;
        words[n].size = (size_t)(line + i - words[n].at);
        n++;
    }
}

static bool
is_word(const struct nats_span *word, const char *name)
{
    return word->size == strlen(name) &&
           strncasecmp(word->at, name, word->size) == 0;
}

static bool
read_number(const struct nats_span *word, uint64_t limit, uint64_t *number)
{
    *number = 0;
    if (word->size == 0 || word->size > 18)
        return false;
    for (size_t i = 0; i < word->size; i++) {
        if (word->at[i] < '0' || word->at[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(word->at[i] - '0');
    }
    return *number <= limit;
}

/* --- messages ------------------------------------------------------------- */

/*
 *   line     bytes of the line, with its end
 *   numbers  at the end of the line: 1, or 2 where there is a head
 */
static ssize_t
parse_message(const char *data, size_t size, size_t line,
              const struct nats_span *words, size_t n, size_t numbers,
              struct nats_input *input, size_t *need)
{
    uint64_t head = 0, all;

    if (n != 3 + numbers && n != 4 + numbers)
        return UV_EPROTO;
    if (!read_number(&words[2], UINT64_MAX, &input->sid) ||
        !read_number(&words[n - 1], NATS_PAYLOAD, &all) ||
        (numbers == 2 &&
         (!read_number(&words[n - 2], all, &head) || head == 0)))
        return UV_EPROTO;
    input->op = NATS_MESSAGE;
    input->subject = words[1];
    if (n == 4 + numbers)
        input->reply = words[3];
    *need = line + (size_t)all + 2;
    if (size < *need)
        return 0;
    if (memcmp(data + *need - 2, "\r\n", 2) != 0)
        return UV_EPROTO;
    input->head = (struct nats_span){data + line, (size_t)head};
    input->data = (struct nats_span){data + line + head, (size_t)(all - head)};
    return (ssize_t)*need;
}

/* What follows the word, without blanks around it. */
static void
read_text(const char *line, size_t size, const struct nats_span *word,
          struct nats_span *text)
{
    const char *at = word->at + word->size, *end = line + size;

    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    *text = (struct nats_span){at, (size_t)(end - at)};
}

static bool
read_short(const struct nats_span *word, size_t n, enum nats_op *op)
{
    static const struct {
        const char *name;
        enum nats_op op;
    } ops[] = {{"PING", NATS_PING}, {"PONG", NATS_PONG}, {"+OK", NATS_OK}};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (is_word(word, ops[i].name)) {
            *op = ops[i].op;
            return n == 1;
        }
    }
    return false;
}

ssize_t
nats_parse(const char *data, size_t size, struct nats_input *input,
           size_t *need)
{
    struct nats_span words[WORDS];
    ssize_t line = find_line(data, size, need);
    size_t n, length;

    memset(input, 0, sizeof *input);
    if (line <= 0)
        return line;
    length = (size_t)line - 2;
    n = split(data, length, words);
    if (n == 0)
        return UV_EPROTO;
    if (is_word(&words[0], "MSG") && n <= WORDS)
        return parse_message(data, size, (size_t)line, words, n, 1, input,
                             need);
    if (is_word(&words[0], "HMSG") && n <= WORDS)
        return parse_message(data, size, (size_t)line, words, n, 2, input,
                             need);
    if (is_word(&words[0], "INFO"))
        input->op = NATS_INFO;
    else if (is_word(&words[0], "-ERR"))
        input->op = NATS_ERR;
    else
        return read_short(&words[0], n, &input->op) ? line : UV_EPROTO;
    read_text(data, length, &words[0], &input->text);
    return line;
}
