/* The exit has nothing to do with the result. */
#include <string.h>

#include <gruvi.h>

GRUVI_SWITCHPOINT int
talk(gruvi_stream_t *stream)
{
    char line[100] = "";

    while (true) { /* gruvi-ignored: no exit */
        (void)gruvi_stream_write(stream, "> ", 2);
        if (strcmp(line, "quit") == 0)
            break;
    }
    return 0;
}
