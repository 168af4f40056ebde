/* By way of another variable. */
#include <gruvi.h>

GRUVI_SWITCHPOINT int
read_all(gruvi_stream_t *stream)
{
    char buf[1000];

    while (true) {
        ssize_t n = gruvi_stream_read(stream, buf, sizeof buf);
        bool over = n <= 0;

        if (over)
            break;
    }
    return 0;
}
