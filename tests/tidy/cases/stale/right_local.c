/* Nobody else has a variable of the function. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
count(gruvi_stream_t *stream)
{
    int left = 10;

    while (left > 0) {
        int err = gruvi_stream_write(stream, ".", 1);
        if (err < 0)
            return err;
        left--;
    }
    return 0;
}
