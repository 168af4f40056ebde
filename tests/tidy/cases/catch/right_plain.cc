// Calls that do not switch.
#include <cstdio>

void work();

int
run()
{
    try {
        work();
    } catch (const int &code) {
        return std::printf("%d\n", code);
    }
    return 0;
}
