/* A cleanup that does not switch. */
#include <stdlib.h>

#include <gruvi.h>

static void
free_text(char **text)
{
    free(*text);
}

int
length(void)
{
    __attribute__((cleanup(free_text))) char *text = malloc(10);

    return text == NULL ? 0 : 10;
}
