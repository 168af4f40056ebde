// A switchpoint of one's own, in a block within.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);

__attribute__((annotate("gruvi_switchpoint"))) int
retry()
{
    return gruvi_sleep(1.0);
}

void work();

__attribute__((annotate("gruvi_switchpoint"))) int
run(int n)
{
    try {
        work();
    } catch (int code) {
        for (int i = 0; i < n; i++)
            if (code == i && retry() < 0) // gruvi-catch: 'retry'
                return -1;
    }
    return 0;
}
