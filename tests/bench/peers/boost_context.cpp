// SPDX-License-Identifier: MIT

// A switch with boost.context.  It carries the floating-point environment.
#include <boost/context/detail/fcontext.hpp>

#include "bench/bench.h"

namespace context = boost::context::detail;

namespace {

alignas(64) char stack[64 << 10];

void
come_back(context::transfer_t transfer)
{
    for (;;)
        transfer = context::jump_fcontext(transfer.fctx, nullptr);
}

void
bench_switch(long, long count)
{
    auto other =
        context::make_fcontext(stack + sizeof stack, sizeof stack, come_back);

    other = context::jump_fcontext(other, nullptr).fctx;
    double begin = bench_now();
    for (long i = 0; i < count; i += 2)
        other = context::jump_fcontext(other, nullptr).fctx;
    bench_print("ns", (bench_now() - begin) / double(count));
}

const bench_command commands[] = {
    {"switch", bench_switch},
    {"switch_with_fpu", bench_switch},
};

} // namespace

int
main(int argc, char **argv)
{
    return BENCH_MAIN(commands, argc, argv);
}
