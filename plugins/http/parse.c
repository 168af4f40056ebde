/* SPDX-License-Identifier: MIT */
/*
 * The parser of request heads.
 *
 *   GET /path HTTP/1.1 CR LF      request_line()
 *   Host: example.org CR LF       field_line(), and known() for a name
 *   CR LF                         finish(): what the fields say together
 *
 * There are zeros behind what has come, and no line may hold a zero.  So
 * no loop looks for the end: each stops at a byte that does not fit, and
 * unexpected() asks whether that is the end, where more may come.
 */
#include "parse.h"

#include <endian.h>
#include <string.h>
#include <strings.h>

#include "class.h"

/* Fields that came. */
enum {
    SEEN_HOST = 1,
    SEEN_LENGTH = 2,
    SEEN_CODING = 4,
    SEEN_CLOSE = 8,
    SEEN_KEEP_ALIVE = 16,
};

/* A line that is being parsed, and all that has come. */
struct text {
    char *data, *line, *end;
};

static int
refuse(struct http_head *head, int status, const char *why)
{
    head->status = status;
    head->why = why;
    return HTTP_REFUSED;
}

/* A byte does not fit: there is no byte yet, or it is a mistake. */
static int
unexpected(struct http_head *head, const struct text *text, const char *p,
           const char *why)
{
    return p >= text->end ? HTTP_MORE : refuse(head, 400, why);
}

static struct http_slice
slice(const struct text *text, const char *begin, const char *end)
{
    return (struct http_slice){(uint32_t)(begin - text->data),
                               (uint32_t)(end - begin)};
}

/* --- hosts and targets ---------------------------------------------------- */

/*
 * "http://host/path": the host, which has to be that of the field, and the
 * path.  The host is moved over the slashes, to make room for a '\0' behind it
 * and for a "/" where there is no path.
 */
static int
absolute_form(struct http_head *head, const struct text *text, char *target,
              char *end)
{
    char *host = target + (IS_NAME(target, "https") ? 8 : 7), *path = host;
    size_t size;

    while (path < end && *path != '/' && *path != '?')
        path++;
    if (path == host || !http_is_host(host, path))
        return refuse(head, 400, "a bad authority in the target");
    size = (size_t)(path - host);
    memmove(host - 2, host, size);
    path[-2] = '\0';
    head->host = slice(text, host - 2, path - 2);
    if (path == end || *path == '?')
        *--path = '/';
    head->target = slice(text, path, end);
    return HTTP_DONE;
}

static bool
is_absolute(const char *target, const char *end)
{
    size_t size = (size_t)(end - target);

    return (size > 7 && IS_NAME(target, "http") &&
            memcmp(target + 4, "://", 3) == 0) ||
           (size > 8 && IS_NAME(target, "https") &&
            memcmp(target + 5, "://", 3) == 0);
}

static bool
is_method(const struct http_head *head, const struct text *text,
          const char *name)
{
    return head->method.size == strlen(name) &&
           memcmp(text->data + head->method.at, name, head->method.size) == 0;
}

/* The forms of RFC 9112, section 3.2. */
static int
target_form(struct http_head *head, const struct text *text, char *target,
            char *end)
{
    if (is_method(head, text, "CONNECT"))
        return refuse(head, 501, "CONNECT is not served");
    head->target = slice(text, target, end);
    if (*target == '/')
        return HTTP_DONE;
    if (is_absolute(target, end))
        return absolute_form(head, text, target, end);
    if (*target == '*' && end == target + 1 && is_method(head, text, "OPTIONS"))
        return HTTP_DONE;
    return refuse(head, 400, "a bad request target");
}

/* --- the request line ----------------------------------------------------- */

/* HTTP/1.1 and the line's end.  A higher minor is answered as 1.1. */
static int
version(struct http_head *head, const struct text *text, char *p)
{
    for (const char *c = "HTTP/0.0\r\n"; *c != '\0'; c++, p++)
        if (*c == '0' ? !is_digit(*p) : *p != *c)
            return unexpected(head, text, p, "a bad HTTP version");
    if (p[-5] != '1')
        return refuse(head, 505, "another version than HTTP/1");
    head->minor = p[-3] != '0';
    head->next = (uint32_t)(p - text->data);
    return HTTP_DONE;
}

static int
request_line(struct http_head *head, const struct text *text)
{
    char *method = text->line, *target, *end;
    int result;

    end = skip(method, HTTP_TOKEN);
    if (end == method || *end != ' ')
        return unexpected(head, text, end, "a bad method");
    head->method = slice(text, method, end);
    target = end + 1;
    end = skip(target, HTTP_TARGET);
    if (end == target || *end != ' ')
        return unexpected(head, text, end, "a bad request target");
    result = version(head, text, end + 1);
    if (result != HTTP_DONE)
        return result;
    if (text->data + head->next - text->line > head->limits->line)
        return refuse(head, 414, "too long a request line");
    result = target_form(head, text, target, end);
    if (result != HTTP_DONE)
        return result;
    text->data[head->method.at + head->method.size] = '\0';
    *end = '\0';
    head->fields = head->next;
    return HTTP_DONE;
}

/* An empty line before the request is ignored: RFC 9112, section 2.2. */
static int
empty_line(struct http_head *head, struct text *text)
{
    if (head->next > 0 || text->line[0] != '\r')
        return HTTP_DONE;
    if (text->line[1] != '\n')
        return unexpected(head, text, text->line + 1, "a bare carriage return");
    head->next = 2;
    text->line += 2;
    return HTTP_DONE;
}

/* --- fields that say where the body ends ---------------------------------- */

static int
content_length(struct http_head *head, const struct text *text, char *p,
               char *end)
{
    uint64_t length = 0;

    if (head->flags & SEEN_LENGTH)
        return refuse(head, 400, "two Content-Length");
    head->flags |= SEEN_LENGTH;
    (void)text;
    if (p == end)
        return refuse(head, 400, "an empty Content-Length");
    for (; p < end; p++) {
        if (!is_digit(*p))
            return refuse(head, 400, "a bad Content-Length");
        if (length > (INT64_MAX - 9) / 10)
            return refuse(head, 413, "too large a Content-Length");
        length = length * 10 + (uint64_t)(*p - '0');
    }
    head->length = length;
    return HTTP_DONE;
}

/* The next item of a list: [*p, *item_end), blanks left out.  Moves *p behind
 * its comma.  Returns false at the end. */
static bool
next_item(char **p, char *end, char **item, char **item_end)
{
    char *q = *p;

    if (q > end)
        return false;
    while (q < end && is_blank(*q))
        q++;
    *item = q;
    while (q < end && *q != ',')
        q++;
    *p = q + 1;
    while (q > *item && is_blank(q[-1]))
        q--;
    *item_end = q;
    return true;
}

/* "chunked" alone is served.  Another coding before it is not implemented;
 * anything else leaves open where the body ends. */
static int
transfer_encoding(struct http_head *head, const struct text *text, char *p,
                  char *end)
{
    char *item, *item_end;
    unsigned chunked = 0, others = 0;

    (void)text;
    if (head->flags & SEEN_CODING)
        return refuse(head, 400, "two Transfer-Encoding");
    head->flags |= SEEN_CODING;
    while (next_item(&p, end, &item, &item_end)) {
        size_t size = (size_t)(item_end - item);
        if (size == 0 || !(class_of(*item) & HTTP_TOKEN) || chunked > 0)
            return refuse(head, 400, "a bad Transfer-Encoding");
        if (size == 7 && IS_NAME(item, "chunked"))
            chunked++;
        else if (size > 7 && IS_NAME(item, "chunked") &&
                 !(class_of(item[7]) & HTTP_TOKEN))
            return refuse(head, 400, "chunked with a parameter");
        else
            others++;
    }
    if (others > 0)
        return refuse(head, 501, "another transfer coding than chunked");
    return HTTP_DONE;
}

/* --- other fields --------------------------------------------------------- */

static int
host(struct http_head *head, const struct text *text, char *p, char *end)
{
    if (head->flags & SEEN_HOST)
        return refuse(head, 400, "two Host");
    head->flags |= SEEN_HOST;
    if (!http_is_host(p, end))
        return refuse(head, 400, "a bad Host");
    if (head->host.size > 0 &&
        (head->host.size != (size_t)(end - p) ||
         strncasecmp(text->data + head->host.at, p, head->host.size) != 0))
        return refuse(head, 400, "a Host that is not the target's");
    head->host = slice(text, p, end);
    return HTTP_DONE;
}

static int
connection(struct http_head *head, const struct text *text, char *p, char *end)
{
    char *item, *item_end;

    (void)text;
    while (next_item(&p, end, &item, &item_end)) {
        size_t size = (size_t)(item_end - item);
        if (size == 5 && IS_NAME(item, "close"))
            head->flags |= SEEN_CLOSE;
        else if (size == 10 && IS_NAME(item, "keep-alive"))
            head->flags |= SEEN_KEEP_ALIVE;
    }
    return HTTP_DONE;
}

static int
expect(struct http_head *head, const struct text *text, char *p, char *end)
{
    (void)text;
    if (end - p != 12 || strncasecmp(p, "100-continue", 12) != 0)
        return refuse(head, 417, "an unknown expectation");
    head->expect_continue = true;
    return HTTP_DONE;
}

/* What the parser itself has to know, by the size of the name. */
static const struct {
    const char *name;
    int (*read)(struct http_head *, const struct text *, char *, char *);
} known[] = {
    [4] = {"host", host},
    [6] = {"expect", expect},
    [10] = {"connection", connection},
    [14] = {"content-length", content_length},
    [17] = {"transfer-encoding", transfer_encoding},
};

/* --- field lines ---------------------------------------------------------- */

#define ALL(byte) (UINT64_MAX / 255 * (byte))

/* Skip a value: to the first control byte that is no tab.  Eight bytes at a
 * time; the lowest bit that is set is right, those above it may not be. */
static char *
skip_text(char *p)
{
    for (;;) {
        uint64_t word, low, del;

        memcpy(&word, p, sizeof word);
        word = le64toh(word);
        low = (word - ALL(0x20)) & ~word;
        del = word ^ ALL(0x7f);
        del = (del - ALL(0x01)) & ~del;
        word = (low | del) & ALL(0x80);
        if (word == 0) {
            p += sizeof word;
            continue;
        }
        p += __builtin_ctzll(word) / 8;
        if (*p != '\t')
            return p;
        p++;
    }
}

static const char *
why_no_name(const char *p)
{
    if (is_blank(*p))
        return "a blank before a field or its colon";
    return "a bad field name";
}

static int
field_line(struct http_head *head, struct text *text)
{
    char *name = text->line, *name_end, *p, *value, *end;
    size_t size;

    name_end = skip(name, HTTP_TOKEN);
    if (name_end == name || *name_end != ':')
        return unexpected(head, text, name_end, why_no_name(name_end));
    for (value = name_end + 1; is_blank(*value); value++)
        ;
    p = end = skip_text(value);
    if (p[0] != '\r')
        return unexpected(head, text, p, "a control byte in a field");
    if (p[1] != '\n')
        return unexpected(head, text, p + 1, "a bare carriage return");
    while (end > value && is_blank(end[-1]))
        end--;
    head->next = (uint32_t)(p + 2 - text->data);
    if (head->n_fields >= head->limits->fields ||
        head->next - head->fields > head->limits->head)
        return refuse(head, 431, "too many or too long fields");
    head->field[head->n_fields++] = (struct http_field){
        slice(text, name, name_end), slice(text, value, end)};
    *name_end = *end = '\0';
    size = (size_t)(name_end - name);
    if (size >= sizeof known / sizeof known[0] || known[size].read == NULL ||
        !is_name(name, known[size].name, size))
        return HTTP_DONE;
    return known[size].read(head, text, value, end);
}

/* --- the whole ------------------------------------------------------------ */

static int
finish(struct http_head *head)
{
    if (!(head->flags & SEEN_HOST) && head->minor > 0)
        return refuse(head, 400, "no Host");
    if (head->flags & SEEN_CODING) {
        if (head->flags & SEEN_LENGTH)
            return refuse(head, 400, "Content-Length and Transfer-Encoding");
        if (head->minor == 0)
            return refuse(head, 400, "Transfer-Encoding in HTTP/1.0");
        head->framing = HTTP_CHUNKED;
    } else if (head->length > 0) {
        head->framing = HTTP_LENGTH;
    }
    if (head->flags & SEEN_CLOSE)
        head->keep_alive = false;
    else
        head->keep_alive = head->minor > 0 || head->flags & SEEN_KEEP_ALIVE;
    /* RFC 9110, section 10.1.1: HTTP/1.0 knows nothing of it. */
    if (head->minor == 0 || head->framing == HTTP_NO_BODY)
        head->expect_continue = false;
    head->size = head->next;
    return HTTP_DONE;
}

/* HTTP_DONE at the empty line. */
static int
lines(struct http_head *head, struct text *text)
{
    int result;

    if (head->fields == 0) {
        result = empty_line(head, text);
        if (result == HTTP_DONE)
            result = request_line(head, text);
        if (result != HTTP_DONE)
            return result;
    }
    for (;;) {
        text->line = text->data + head->next;
        if (text->line[0] == '\r') {
            if (text->line[1] != '\n')
                return unexpected(head, text, text->line + 1,
                                  "a bare carriage return");
            head->next += 2;
            return HTTP_DONE;
        }
        result = field_line(head, text);
        if (result != HTTP_DONE)
            return result;
    }
}

/* More has to come, unless the line is too long already.  A line of fields may
 * be the empty line, which does not count. */
static enum http_result
more(struct http_head *head, size_t size)
{
    head->seen = (uint32_t)size;
    if (head->fields == 0 && size - head->next >= head->limits->line)
        return refuse(head, 414, "too long a request line");
    if (head->fields > 0 && size - head->fields > head->limits->head + 1)
        return refuse(head, 431, "too long fields");
    return HTTP_MORE;
}

void
http_head_init(struct http_head *head, const struct http_limits *limits)
{
    memset(head, 0, offsetof(struct http_head, field));
    head->limits = limits;
}

enum http_result
http_head_parse(struct http_head *head, char *data, size_t size)
{
    struct text text = {data, data + head->next, data + size};
    int result;

    if (head->seen > head->next &&
        memchr(data + head->seen, '\n', size - head->seen) == NULL)
        return more(head, size);
    memset(data + size, 0, HTTP_PADDING);
    result = lines(head, &text);
    if (result == HTTP_MORE)
        return more(head, size);
    return result == HTTP_DONE ? finish(head) : result;
}
