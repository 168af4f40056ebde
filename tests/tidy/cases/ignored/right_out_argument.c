/* The switchpoint tells by an argument. */
#include <gruvi.h>

GRUVI_SWITCHPOINT void
work_all(gruvi_queue_t *queue, void (*work)(void *item))
{
    for (;;) {
        void *item;

        (void)gruvi_queue_get(queue, &item, GRUVI_FOREVER);
        if (item == NULL)
            break;
        work(item);
    }
}
