/* SPDX-License-Identifier: MIT */
/*
 * gruvi-pointer: the mark lost or gained through a function pointer.
 *
 * Lost: what may switch goes into a pointer without the mark, and calls through
 * it look as if they did not.  Gained: a pointer without the mark goes into one
 * with it, so that somewhere a mark was lost, or will be.  A function that is
 * known not to switch may go anywhere.
 */
#include "tidy.h"

namespace gruvi {

void
Pointer::look(ASTContext &, const Unit &unit)
{
    for (const Flow &flow : unit.flows) {
        std::string name = "the result";
        if (flow.function != nullptr)
            name = flow.function->getNameAsString();
        else if (flow.pointer != nullptr)
            name = flow.pointer->getNameAsString();
        if (flow.sink == Sink::plain && flow.marked)
            diag(flow.from->getBeginLoc(),
                 "'%0' may switch, and the pointer that it goes into is not "
                 "marked GRUVI_SWITCHPOINT")
                << name;
        else if (flow.sink == Sink::marked && !flow.marked &&
                 flow.pointer != nullptr)
            diag(flow.from->getBeginLoc(),
                 "the pointer '%0' is not marked GRUVI_SWITCHPOINT, and goes "
                 "into one that is")
                << name;
    }
}

} /* namespace gruvi */
