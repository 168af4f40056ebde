// In the try block no exception is there yet.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);

__attribute__((annotate("gruvi_switchpoint"))) int
run()
{
    try {
        return gruvi_sleep(1.0);
    } catch (...) {
        return -1;
    }
}
