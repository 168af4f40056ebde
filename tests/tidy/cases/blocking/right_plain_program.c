/* A program that has no fiber may sleep. */
#include <unistd.h>

int
main(void)
{
    return (int)sleep(1);
}
