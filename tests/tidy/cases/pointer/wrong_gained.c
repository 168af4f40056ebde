/* A wrapper that forgets the mark: who calls it loses theirs. */
#include <gruvi.h>

int
go_twice(int (*fn)(void *), void *arg)
{
    int err = gruvi_go(fn, arg); /* gruvi-pointer: 'fn' */

    return err < 0 ? err : gruvi_go(fn, arg); /* gruvi-pointer: 'fn' */
}
