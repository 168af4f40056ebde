/* SPDX-License-Identifier: MIT */
/*
 * thumbnail: makes a small picture of a large picture.  To try it:
 *
 *     convert large.jpg ppm:- | nc -N 127.0.0.1 7014 > small.ppm
 *
 * Long work is for a thread of the pool, while the hub serves others.  It goes
 * there in parts, because a thread cannot be interrupted: in between the fiber
 * tells how far it is, in comments of the format, and sees if the client left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gruvid/plugin.h>

#define PARTS 20U

static const gruvid_option_t options[] = {
    {.name = "width",
     .type = GRUVID_INTEGER,
     .default_value = "160",
     .min = "1",
     .help = "pixels, unless the large picture has less"},
    {.name = "max_size", .type = GRUVID_SIZE, .default_value = "64M"},
    GRUVID_OPTIONS_END,
};

struct picture {
    size_t width, height;
    unsigned char *pixels; /* red, green, blue */
};

struct work {
    struct picture large, small;
    size_t row, end; /* of the small picture: the part to be done now */
};

/* A pixel is the mean of those that it stands for. */
static void
make_pixel(const struct work *work, size_t x, size_t y)
{
    const struct picture *large = &work->large, *small = &work->small;
    size_t left = x * large->width / small->width;
    size_t right = (x + 1) * large->width / small->width;
    size_t top = y * large->height / small->height;
    size_t bottom = (y + 1) * large->height / small->height;

    for (size_t colour = 0; colour < 3; colour++) {
        size_t sum = 0;

        for (size_t row = top; row < bottom; row++)
            for (size_t column = left; column < right; column++)
                sum +=
                    large->pixels[3 * (row * large->width + column) + colour];
        small->pixels[3 * (y * small->width + x) + colour] =
            (unsigned char)(sum / ((right - left) * (bottom - top)));
    }
}

static int /* in a thread of the pool */
make_part(void *arg, void **result)
{
    const struct work *work = arg;

    (void)result;
    for (size_t y = work->row; y < work->end; y++)
        for (size_t x = 0; x < work->small.width; x++)
            make_pixel(work, x, y);
    return 0;
}

/* "P6", width, height and 255, with comments in between. */
static GRUVI_SWITCHPOINT int
read_head(gruvi_stream_t *stream, struct picture *picture)
{
    unsigned number[6] = {0}, n = 0;
    char line[256];
    ssize_t err = gruvi_stream_read_text(stream, line, sizeof line);

    if (err >= 0 && strcmp(line, "P6") != 0)
        return UV_EPROTO;
    while (err >= 0 && n < 3) {
        err = gruvi_stream_read_text(stream, line, sizeof line);
        sscanf(line, "%5u %5u %5u", &number[n], &number[n + 1], &number[n + 2]);
        while (n < 3 && number[n] != 0)
            n++;
    }
    picture->width = number[0];
    picture->height = number[1];
    if (err >= 0 && (number[0] == 0 || number[1] == 0 || number[2] != 255))
        return UV_EPROTO;
    return err < 0 ? (int)err : 0;
}

static GRUVI_SWITCHPOINT int
make_small(gruvi_stream_t *stream, struct work *work)
{
    size_t height = work->small.height;
    int err = gruvi_stream_watch_peer(stream, false);

    if (err == 0)
        err = gruvi_stream_printf(stream, "P6\n");
    for (unsigned part = 1; err == 0 && part <= PARTS; part++) {
        work->end = height * part / PARTS;
        err = gruvi_compute(make_part, work, NULL);
        work->row = work->end;
        if (err == 0)
            err = gruvi_stream_printf(stream, "# %u%%\n", 100 * part / PARTS);
    }
    if (err < 0)
        gruvi_info("left with %zu of %zu rows done", work->row, height);
    return err;
}

static GRUVI_SWITCHPOINT int
connection(gruvi_stream_t *stream, gruvid_plugin_t *plugin)
{
    size_t width = (size_t)gruvid_option_integer(plugin, "width");
    size_t large_size, small_size;
    struct work work = {.row = 0};
    struct picture *large = &work.large, *small = &work.small;
    int err = read_head(stream, large);

    if (err < 0)
        return err;
    small->width = width < large->width ? width : large->width;
    small->height = large->height * small->width / large->width;
    small->height += small->height == 0;
    large_size = 3 * large->width * large->height;
    small_size = 3 * small->width * small->height;
    if (large_size > gruvid_option_size(plugin, "max_size"))
        return UV_E2BIG;
    large->pixels = malloc(large_size + small_size);
    if (large->pixels == NULL)
        return UV_ENOMEM;
    small->pixels = large->pixels + large_size;
    err = gruvi_stream_read_exact(stream, large->pixels, large_size);
    if (err == 0)
        err = make_small(stream, &work);
    if (err == 0)
        err = gruvi_stream_printf(stream, "%zu %zu\n255\n", small->width,
                                  small->height);
    if (err == 0)
        err = gruvi_stream_write(stream, small->pixels, small_size);
    free(large->pixels);
    return err;
}

GRUVID_PLUGIN(thumbnail, .summary = "makes a small picture of a large picture",
    .options = options, .connection = connection, .multi_hub = true);
