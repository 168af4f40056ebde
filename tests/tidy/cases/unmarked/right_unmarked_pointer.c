/* A pointer without the mark is to what does not switch. */
#include <gruvi.h>

struct order {
    int (*compare)(const void *a, const void *b);
};

int
smaller(const struct order *order, const void *a, const void *b)
{
    return order->compare(a, b) < 0;
}
