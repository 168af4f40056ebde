// What a variable's end calls is called in the block.
extern "C" __attribute__((annotate("gruvi_switchpoint"))) int
gruvi_sleep(double secs);

class pause {
  public:
    pause() = default;
    __attribute__((annotate("gruvi_switchpoint"))) ~pause()
    {
        (void)gruvi_sleep(1.0);
    }
};

void work();

__attribute__((annotate("gruvi_switchpoint"))) void
run()
{
    try {
        work();
    } catch (...) {
        pause at_the_end; // gruvi-catch: '~pause'
        work();
    }
}
