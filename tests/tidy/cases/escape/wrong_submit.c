/* The future is kept, and the argument is not. */
#include <gruvi.h>

int work(void *arg, void **result);

gruvi_future_t *
begin(int n)
{
    struct {
        int n;
    } job = {n};

    return gruvi_pool_submit(gruvi_get_io_pool(), work, &job); /* gruvi-escape: 'job' */
}
