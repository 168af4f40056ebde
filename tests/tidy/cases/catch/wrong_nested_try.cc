// A try block within the catch block does not help.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);

void work();

__attribute__((annotate("gruvi_switchpoint"))) int
run()
{
    try {
        work();
    } catch (...) {
        try {
            return gruvi_sleep(1.0); // gruvi-catch: 'gruvi_sleep'
        } catch (int) {
            work();
        }
    }
    return 0;
}
