// A function that is made in the block runs later.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);
extern "C" int
gruvi_go(__attribute__((annotate("gruvi_switchpoint"))) int (*target)(void *),
         void *arg);

void work();

int
run()
{
    try {
        work();
    } catch (...) {
        return gruvi_go(
            [](void *) __attribute__((annotate("gruvi_switchpoint"))) {
                return gruvi_sleep(1.0);
            },
            nullptr);
    }
    return 0;
}
