/* read() of what may be a file: nothing is known of this descriptor. */
#include <unistd.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
copy(gruvi_stream_t *stream, int fd)
{
    char buf[1000];
    ssize_t n = read(fd, buf, sizeof buf);

    return n < 0 ? UV_EIO : gruvi_stream_write(stream, buf, (size_t)n);
}
