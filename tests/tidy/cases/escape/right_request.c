/* A request of libuv that was not given to it. */
#include <gruvi.h>

int
size_of(const char *path)
{
    uv_fs_t req;
    int err = uv_fs_stat(NULL, &req, path, NULL);

    uv_fs_req_cleanup(&req);
    return err;
}
