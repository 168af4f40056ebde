/* A call through a marked pointer may switch. */
#include <gruvi.h>

struct source {
    GRUVI_SWITCHPOINT int (*next)(struct source *source);
};

int
skip_one(struct source *source) /* gruvi-unmarked: 'next' */
{
    return source->next(source);
}
