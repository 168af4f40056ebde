/* A member that is named. */
#include <gruvi.h>

struct source {
    int (*next)(void *arg);
};

GRUVI_SWITCHPOINT int read_next(void *arg);

const struct source source = {
    .next = read_next, /* gruvi-pointer: 'read_next' */
};
