// Through a pointer.
__attribute__((annotate("gruvi_switchpoint"))) int (*next)();

void work();

__attribute__((annotate("gruvi_switchpoint"))) int
run()
{
    try {
        work();
    } catch (...) {
        return next(); // gruvi-catch: 'next'
    }
    return 0;
}
