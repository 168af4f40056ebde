/* SPDX-License-Identifier: MIT */
/*
 * gruvi-catch: a switchpoint in a catch block, in code for a libgruvi that does
 * not keep the exceptions of fibers apart.  The library that does declares
 * gruvi__cxx_add(), in gruvi/exception.h.
 */
#include "tidy.h"

namespace gruvi {

static bool
keeps_exceptions_apart(ASTContext &context)
{
    IdentifierInfo &name = context.Idents.get("gruvi__cxx_add");

    return !context.getTranslationUnitDecl()->lookup(&name).empty();
}

void
Catch::look(ASTContext &context, const Unit &unit)
{
    if (!context.getLangOpts().CPlusPlus || keeps_exceptions_apart(context))
        return;
    for (const FunctionDecl *function : unit.functions) {
        const Stmt *body = function->getBody();
        bool cleanups = registers_cleanup(body);
        walk(body, [&](const Stmt *stmt) {
            const auto *handler = dyn_cast<CXXCatchStmt>(stmt);
            if (handler == nullptr)
                return true;
            for (const Switch &found :
                 switches_in(handler->getHandlerBlock(), cleanups))
                diag(found.at, "switchpoint '%0' in a catch block: this libgruvi "
                               "does not keep the exceptions of fibers apart")
                    << found.name;
            return false;
        });
    }
}

} /* namespace gruvi */
