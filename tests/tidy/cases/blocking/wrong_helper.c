/* A helper of a fiber is fiber code. */
#include <stdlib.h>

#include <gruvi.h>

static int
convert(const char *file)
{
    (void)file;
    return system("convert in.png out.jpg"); /* gruvi-blocking: gruvi_process_spawn */
}

GRUVI_SWITCHPOINT int
serve(gruvi_stream_t *stream)
{
    if (convert("in.png") != 0)
        return UV_EIO;
    return gruvi_stream_write(stream, "done\n", 5);
}
