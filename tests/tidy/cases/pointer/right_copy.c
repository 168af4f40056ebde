/* Marked pointers, copied. */
#include <gruvi.h>

struct job {
    gruvi_fiber_fn target;
    void *arg;
};

GRUVI_SWITCHPOINT int
copy_and_run(const struct job *from)
{
    struct job job = *from;
    gruvi_fiber_fn target = from->target;

    job.target = target;
    return job.target(job.arg);
}
