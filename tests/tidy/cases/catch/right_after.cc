// After the block.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);

void work();

__attribute__((annotate("gruvi_switchpoint"))) int
run()
{
    bool failed = false;

    try {
        work();
    } catch (...) {
        failed = true;
    }
    return failed ? gruvi_sleep(1.0) : 0;
}
