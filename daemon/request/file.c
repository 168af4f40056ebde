/* SPDX-License-Identifier: MIT */
/*
 * Files as replies.
 *
 * The kernel resolves the path and does not leave the folder (openat2(2)),
 * whoever changes links and folders meanwhile.  All that is said of the file is
 * said of the open descriptor.  Where its opening would wait for a disk a
 * thread of the pool does it.
 */
#include "request/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "request/beneath.h"
#include "request/condition.h"
#include "request/port.h"
#include "request/type.h"

#define PART 65536

/* --- names ---------------------------------------------------------------- */

/* No dot files, and nothing that names no file. */
static bool
is_sound(const char *relative)
{
    const char *at = relative;

    do {
        if (*at == '.' || *at == '/' || *at == '\0')
            return false;
        at = strchrnul(at, '/');
    } while (*at++ == '/');
    return true;
}

/* --- forms that are compressed -------------------------------------------- */

enum { CODINGS = 3 };

/* Of the codings that a client accepts equally the first. */
static const struct {
    const char *name, *ending;
} codings[CODINGS] = {{"zstd", ".zst"}, {"br", ".br"}, {"gzip", ".gz"}};

/* What the client prefers to the file itself. */
static void
weigh(const gruvid_request_t *request, struct gruvid__variant *variants)
{
    const gruvid_incoming_t *in = &request->in;
    int plain = gruvid_coding_weight(in->headers, in->n_headers, "identity");

    for (int i = 0; i < CODINGS; i++) {
        int weight =
            gruvid_coding_weight(in->headers, in->n_headers, codings[i].name);

        variants[i] = (struct gruvid__variant){codings[i].ending,
                                               weight >= plain ? weight : 0};
    }
}

/* --- what is said of it --------------------------------------------------- */

struct description {
    char etag[80];
    char modified[GRUVID__DATE_SIZE];
    char range[80];
    struct gruvid__content content;
};

/* A file that was changed in this second may change again without another
 * time. */
static void
describe(struct description *description, const struct gruvid__found *found)
{
    const struct stat *st = &found->st;

    snprintf(description->etag, sizeof description->etag,
             "\"%llx-%llx.%lx-%llx-%llx%s\"", (unsigned long long)st->st_size,
             (unsigned long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
             (unsigned long long)st->st_ino, (unsigned long long)st->st_dev,
             found->variant < 0 ? "" : codings[found->variant].ending);
    description->content = (struct gruvid__content){
        .etag = description->etag,
        .modified = st->st_mtim.tv_sec < time(NULL) ? st->st_mtim.tv_sec : -1,
        .size = (uint64_t)st->st_size,
    };
    if (description->content.modified >= 0)
        gruvid__date_write(description->modified, st->st_mtim.tv_sec);
}

static struct gruvid__verdict
judge(gruvid_request_t *request, const struct gruvid__content *content)
{
    bool gets = request->is_head || strcmp(request->in.method, "GET") == 0;
    struct gruvid__conditions conditions = {
        .if_match = gruvid_request_header(request, "If-Match"),
        .if_none_match = gruvid_request_header(request, "If-None-Match"),
        .if_modified_since =
            gruvid__request_first(request, "If-Modified-Since"),
        .if_unmodified_since =
            gruvid__request_first(request, "If-Unmodified-Since"),
        .if_range = gruvid__request_first(request, "If-Range"),
        .range =
            request->is_head ? NULL : gruvid_request_header(request, "Range"),
    };

    if (!gets)
        return (struct gruvid__verdict){200, 0, content->size};
    return gruvid__conditions_judge(&conditions, content);
}

static int
say(gruvid_request_t *request, struct description *description,
    const struct gruvid__verdict *verdict)
{
    uint64_t size = description->content.size;
    int err = gruvid_reply_header(request, "ETag", description->etag);

    if (err == 0 && description->content.modified >= 0)
        err = gruvid_reply_header(request, "Last-Modified",
                                  description->modified);
    if (err == 0)
        err = gruvid_reply_header(request, "Accept-Ranges", "bytes");
    if (err < 0 || (verdict->status != 206 && verdict->status != 416))
        return err;
    if (verdict->status == 206)
        snprintf(description->range, sizeof description->range,
                 "bytes %llu-%llu/%llu", (unsigned long long)verdict->first,
                 (unsigned long long)(verdict->first + verdict->length - 1),
                 (unsigned long long)size);
    else
        snprintf(description->range, sizeof description->range, "bytes */%llu",
                 (unsigned long long)size);
    return gruvid_reply_header(request, "Content-Range", description->range);
}

/* --- sending it ----------------------------------------------------------- */

static GRUVI_SWITCHPOINT int
copy_part(gruvid_request_t *request, gruvi_file_t *file, char *buf,
          const struct gruvid__verdict *verdict)
{
    uint64_t done = 0;
    int err = 0;

    while (err == 0 && done < verdict->length) {
        uint64_t left = verdict->length - done;
        ssize_t n = gruvi_file_pread(file, buf, left < PART ? left : PART,
                                     (int64_t)(verdict->first + done));

        if (n <= 0)
            return n < 0 ? (int)n : UV_EIO; /* it has become shorter */
        done += (uint64_t)n;
        err = gruvid_reply_write(request, buf, (size_t)n);
    }
    return err;
}

static GRUVI_SWITCHPOINT int
copy(gruvid_request_t *request, gruvi_file_t *file,
     const struct gruvid__verdict *verdict)
{
    char *buf = malloc(PART);
    int err = buf == NULL ? UV_ENOMEM : copy_part(request, file, buf, verdict);

    free(buf);
    return err;
}

/* The body, which has begun. */
static GRUVI_SWITCHPOINT int
send_body(gruvid_request_t *request, gruvi_file_t *file,
          const struct gruvid__verdict *verdict)
{
    int err;

    if (request->is_dropped)
        return 0;
    if (request->in.transport->sendfile == NULL || request->crossing != NULL)
        return gruvid__reply_took(request, copy(request, file, verdict));
    err = gruvid__port_sendfile(request, file, verdict->first, verdict->length);
    request->written += (int64_t)verdict->length;
    return gruvid__reply_took(request, err);
}

static GRUVI_SWITCHPOINT int
send_file(gruvid_request_t *request, gruvi_file_t *file, const char *type,
          const struct gruvid__verdict *verdict)
{
    int err = gruvid__reply_add(request, "Content-Type", type);

    request->length = (int64_t)verdict->length;
    if (err == 0)
        err = gruvid_reply_begin(request, verdict->status);
    if (err == 0)
        err = send_body(request, file, verdict);
    return err < 0 ? err : gruvid_reply_end(request);
}

/* That it could be another form, and which it is. */
static int
say_form(gruvid_request_t *request, const struct gruvid__found *found,
         int status)
{
    int err = 0;

    if (found->varies)
        err = gruvid_reply_header(request, "Vary", "Accept-Encoding");
    if (err < 0 || found->variant < 0 || (status != 200 && status != 206))
        return err;
    return gruvid_reply_header(request, "Content-Encoding",
                               codings[found->variant].name);
}

static GRUVI_SWITCHPOINT int
answer(gruvid_request_t *request, const struct gruvid__found *found,
       const char *relative)
{
    struct description description = {.etag = ""};
    struct gruvid__verdict verdict;
    int err;

    describe(&description, found);
    verdict = judge(request, &description.content);
    err = say(request, &description, &verdict);
    if (err == 0)
        err = say_form(request, found, verdict.status);
    if (err < 0)
        return err;
    if (verdict.status != 200 && verdict.status != 206)
        return gruvid_reply(request, verdict.status, NULL, NULL, 0);
    return send_file(request, found->file, gruvid__type_of(relative), &verdict);
}

GRUVI_SWITCHPOINT int
gruvid_reply_file(gruvid_request_t *request, const char *folder,
                  const char *relative)
{
    struct gruvid__variant variants[CODINGS];
    struct gruvid__found found;
    int err;

    if (request->state != GRUVID__REPLY_NONE)
        return UV_EALREADY;
    if (!is_sound(relative))
        return UV_ENOENT;
    weigh(request, variants);
    err = gruvid__beneath_open(&found, folder, relative, variants, CODINGS);
    if (err < 0)
        return err;
    err = answer(request, &found, relative);
    gruvid__beneath_close(&found);
    return err;
}

/* --- static routes -------------------------------------------------------- */

GRUVI_SWITCHPOINT int
gruvid__static_reply(struct gruvid_request *request)
{
    const struct gruvid__pattern *pattern = &request->route->pattern;
    const struct gruvid__segment *last =
        &pattern->segments[pattern->n_segments - 1];
    size_t length;
    const char *relative =
        gruvid__pattern_param(pattern, request->path, last->text, &length);

    if (!request->is_head && strcmp(request->in.method, "GET") != 0) {
        int err = gruvid__reply_add(request, "Allow", "GET, HEAD");

        return err < 0 ? err : 405;
    }
    return gruvid_reply_file(request, pattern->folder, relative);
}
