/* SPDX-License-Identifier: MIT */
/*
 * gruvi-no-switch: a switchpoint where none may be: in a section of
 * GRUVI_ASSERT_NO_SWITCHPOINTS, and in a function that is given away as a
 * callback.
 */
#include "tidy.h"

namespace gruvi {

/* The loop that GRUVI_ASSERT_NO_SWITCHPOINTS is. */
static bool
is_section(const Stmt *stmt)
{
    const auto *loop = dyn_cast<ForStmt>(stmt);
    const auto *init =
        loop == nullptr ? nullptr : dyn_cast_or_null<DeclStmt>(loop->getInit());

    if (init == nullptr)
        return false;
    for (const Decl *decl : init->decls())
        if (const auto *var = dyn_cast<VarDecl>(decl))
            if (const RecordDecl *record = var->getType()->getAsRecordDecl())
                if (record->getName() == "gruvi__no_switch")
                    return true;
    return false;
}

void
NoSwitch::look(ASTContext &, const Unit &unit)
{
    std::set<const FunctionDecl *> seen;

    for (const FunctionDecl *function : unit.functions) {
        const Stmt *body = function->getBody();
        bool cleanups = registers_cleanup(body);
        walk(body, [&](const Stmt *stmt) {
            if (!is_section(stmt))
                return true;
            for (const Switch &found :
                 switches_in(cast<ForStmt>(stmt)->getBody(), cleanups))
                diag(found.at, "switchpoint '%0' in a no-switch section")
                    << found.name;
            return false;
        });
    }
    for (const Flow &flow : unit.flows) {
        if (flow.sink != Sink::no_switch)
            continue;
        std::vector<Switch> all;
        if (flow.function != nullptr) {
            const FunctionDecl *function = one(flow.function);
            if (function->hasBody()) {
                const Stmt *body = function->getBody();
                all = switches_in(body, registers_cleanup(body));
            }
            if (!all.empty() && !seen.insert(function).second)
                continue;
        }
        for (const Switch &found : all) {
            diag(found.at, "switchpoint '%0' in '%1', which is %2")
                << found.name << flow.function->getNameAsString() << flow.what;
            diag(flow.from->getBeginLoc(), "by this use of it",
                 DiagnosticIDs::Note);
        }
        if (all.empty() && flow.marked)
            diag(flow.from->getBeginLoc(),
                 "'%0' may switch, and becomes %1 here")
                << (flow.function != nullptr
                        ? flow.function->getNameAsString()
                        : (flow.pointer != nullptr
                               ? flow.pointer->getNameAsString()
                               : std::string("the result")))
                << flow.what;
    }
}

} /* namespace gruvi */
