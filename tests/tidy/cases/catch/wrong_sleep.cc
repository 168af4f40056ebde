// Built for a library that does not keep exceptions of fibers apart.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);

void work();

__attribute__((annotate("gruvi_switchpoint"))) int
run()
{
    try {
        work();
    } catch (...) {
        return gruvi_sleep(1.0); // gruvi-catch: 'gruvi_sleep'
    }
    return 0;
}
